// One of the connections that a pack needs: one that exists, or a new one with what the pack asks for.

import type { Schemas } from "../api/client";
import { CodeBlock, Field, Group, Prose, Radios, SelectField, Text, TextField } from "../ui";
import type { Details, Link } from "./draft";
import { NEW_LINK } from "./draft";

type Connection = Schemas["ConnectionOut"];

/** Bind a connection of the pack. */
export function LinkForm({
  own,
  pack,
  known,
  link,
  onChange,
}: {
  own: string;
  pack: Details;
  known: readonly Connection[];
  link: Link;
  onChange: (link: Link) => void;
}) {
  const declared = pack.connections[own];
  if (!declared) return null;
  const fitting = known.filter((each) => each.kind === declared.kind);
  const needsSignIn = declared.auth?.type === "oauth2_authorization_code";
  const ways: [Link["mode"], string][] = [["new", "Make a new connection"]];
  if (fitting.length > 0) ways.push(["existing", "Use one that exists"]);
  ways.push(["none", "Not now"]);
  return (
    <Group
      title={
        <>
          <Text>{declared.title || own}</Text> {declared.required === false && <span className="muted">optional</span>}
        </>
      }
    >
      {declared.description && (
        <p className="muted">
          <Prose>{declared.description}</Prose>
        </p>
      )}
      <Radios choices={ways} value={link.mode} onChange={(mode) => onChange(linkOf(mode, fitting))} />
      {link.mode === "existing" && (
        <SelectField
          label={`Connection for ${own}`}
          choices={fitting.map(({ name }) => [name, name])}
          value={link.name}
          onChange={(name) => onChange({ mode: "existing", name })}
        />
      )}
      {link.mode === "new" && <Asks asks={pack.asks[own] ?? []} link={link} onChange={onChange} />}
      {link.mode === "new" && declared.kind === "http" && declared.base_url && (
        <Address declared={declared.base_url} link={link} onChange={onChange} />
      )}
      {link.mode === "new" && needsSignIn && (
        <Field label="Register this address at the provider first" help="Letter by letter, as the redirect URI.">
          {() => <CodeBlock text={pack.redirect_uri} label="Redirect URI" />}
        </Field>
      )}
      {link.mode === "none" && declared.required !== false && (
        <p className="muted">The tools that use it are not shown until it is bound.</p>
      )}
    </Group>
  );
}

function linkOf(mode: Link["mode"], fitting: readonly Connection[]): Link {
  if (mode === "new") return NEW_LINK;
  return mode === "existing" ? { mode, name: fitting[0]?.name ?? "" } : { mode };
}

/** The address that requests go to, for those whose service is elsewhere than usual. */
function Address({
  declared,
  link,
  onChange,
}: {
  declared: string;
  link: Extract<Link, { mode: "new" }>;
  onChange: (link: Link) => void;
}) {
  const put = (text: string) => {
    const { base_url: _, ...others } = link.settings;
    onChange({ ...link, settings: text ? { ...others, base_url: text } : others });
  };
  return (
    <details className="more">
      <summary>Another address</summary>
      <TextField
        label="Base URL"
        optional
        help="Only if the service is not where the pack expects it."
        type="url"
        placeholder={declared}
        value={String(link.settings.base_url ?? "")}
        onChange={put}
      />
    </details>
  );
}

function Asks({
  asks,
  link,
  onChange,
}: {
  asks: readonly Schemas["Asked"][];
  link: Extract<Link, { mode: "new" }>;
  onChange: (link: Link) => void;
}) {
  const put = (ask: Schemas["Asked"], text: string) => {
    const place = ask.secret ? "secrets" : "settings";
    const { [ask.name]: _, ...others } = link[place] as Record<string, string>;
    onChange({ ...link, [place]: text ? { ...others, [ask.name]: text } : others });
  };
  return (
    <>
      {asks.map((ask) => (
        <TextField
          key={`${ask.secret} ${ask.name}`}
          label={ask.title}
          optional={ask.required === false}
          help={ask.description && <Prose>{ask.description}</Prose>}
          type={ask.secret ? "password" : "text"}
          autoComplete="off"
          placeholder={ask.example}
          value={String((ask.secret ? link.secrets : link.settings)[ask.name] ?? "")}
          onChange={(text) => put(ask, text)}
        />
      ))}
    </>
  );
}
