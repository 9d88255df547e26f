// One of the connections that a pack needs: one that exists, or a new one with what the pack asks for.

import type { Schemas } from "../api/client";
import { Prose } from "../forms/prose";
import { CodeBlock, Field, Text } from "../ui";
import type { Details, Link } from "./draft";
import { NEW_LINK } from "./draft";
import css from "./packs.module.css";

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
  return (
    <fieldset className={css.link}>
      <legend>
        <Text>{declared.title || own}</Text>{" "}
        {declared.required === false && <span className={css.muted}>optional</span>}
      </legend>
      {declared.description && (
        <p className={css.muted}>
          <Prose>{declared.description}</Prose>
        </p>
      )}
      <div className={css.choices}>
        <Way own={own} words="Make a new connection" isOn={link.mode === "new"} onChoose={() => onChange(NEW_LINK)} />
        {fitting.length > 0 && (
          <Way
            own={own}
            words="Use one that exists"
            isOn={link.mode === "existing"}
            onChoose={() => onChange({ mode: "existing", name: fitting[0]?.name ?? "" })}
          />
        )}
        <Way own={own} words="Not now" isOn={link.mode === "none"} onChoose={() => onChange({ mode: "none" })} />
      </div>
      {link.mode === "existing" && (
        <Field label={`Connection for ${own}`}>
          {(control) => (
            <select
              {...control}
              value={link.name}
              onChange={(event) => onChange({ mode: "existing", name: event.target.value })}
            >
              {fitting.map((each) => (
                <option key={each.name} value={each.name}>
                  {each.name}
                </option>
              ))}
            </select>
          )}
        </Field>
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
        <p className={css.muted}>The tools that use it are not shown until it is bound.</p>
      )}
    </fieldset>
  );
}

function Way({ own, words, isOn, onChoose }: { own: string; words: string; isOn: boolean; onChoose: () => void }) {
  return (
    <label>
      <input type="radio" name={`way of ${own}`} checked={isOn} onChange={onChoose} /> {words}
    </label>
  );
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
    <details className={css.more}>
      <summary>Another address</summary>
      <Field label="Base URL" optional help="Only if the service is not where the pack expects it.">
        {(control) => (
          <input
            {...control}
            type="url"
            placeholder={declared}
            value={String(link.settings.base_url ?? "")}
            onChange={(event) => put(event.target.value)}
          />
        )}
      </Field>
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
        <Field
          key={`${ask.secret} ${ask.name}`}
          label={ask.title}
          optional={ask.required === false}
          help={ask.description && <Prose>{ask.description}</Prose>}
        >
          {(control) => (
            <input
              {...control}
              type={ask.secret ? "password" : "text"}
              autoComplete="off"
              placeholder={ask.example}
              value={String((ask.secret ? link.secrets : link.settings)[ask.name] ?? "")}
              onChange={(event) => put(ask, event.target.value)}
            />
          )}
        </Field>
      ))}
    </>
  );
}
