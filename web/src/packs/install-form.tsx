// Everything that is decided at install, and beside it what that will bring.

import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useState } from "react";
import { api, ask, type Schemas, wordsOf } from "../api/client";
import { SchemaForm } from "../forms/schema-form";
import { Badge, count, Group, Notice, Prose, Skeleton, Text, TextField } from "../ui";
import { type Details, type Draft, type Link, variablesSchema } from "./draft";
import { LinkForm } from "./link-form";
import css from "./packs.module.css";
import { ToolChoice } from "./tool-choice";

type Preview = Schemas["Preview"];

const PAUSE_MILLISECONDS = 350;

/** The fields of an install. */
export function InstallForm({
  pack,
  draft,
  isNew,
  onChange,
}: {
  pack: Details;
  draft: Draft;
  isNew: boolean;
  onChange: (draft: Draft) => void;
}) {
  const connections = useQuery({ queryKey: ["connections"], queryFn: () => ask(api.GET("/api/connections")) });
  const change = (some: Partial<Draft>) => onChange({ ...draft, ...some });
  const put = (own: string, link: Link) => change({ links: { ...draft.links, [own]: link } });
  return (
    <div className="stack">
      {isNew && (
        <TextField
          label="Name of the install"
          help="Small letters, digits and -. The same pack can be installed twice."
          value={draft.name}
          onChange={(name) => change({ name })}
        />
      )}
      {Object.keys(pack.connections).map((own) => (
        <LinkForm
          key={own}
          own={own}
          pack={pack}
          known={connections.data?.connections ?? []}
          link={draft.links[own] ?? { mode: "none" }}
          onChange={(link) => put(own, link)}
        />
      ))}
      {Object.keys(pack.variables).length > 0 && (
        <Group title="Settings">
          <SchemaForm
            schema={variablesSchema(pack.variables)}
            value={draft.variables}
            onChange={(variables) => change({ variables })}
          />
        </Group>
      )}
      <ToolChoice pack={pack} draft={draft} onChange={change} />
      <details className="more">
        <summary>Names and descriptions of the tools</summary>
        <div className="stack">
          <TextField
            label="Prefix"
            optional
            help="The tools' names start with it, so that two installs do not get in each other's way."
            placeholder={isNew && draft.name === pack.summary.name ? pack.prefix : ""}
            value={draft.prefix}
            onChange={(prefix) => change({ prefix })}
          />
          <TextField
            label="Note"
            optional
            help="Ends each description, so that a model can tell two installs apart."
            value={draft.note}
            onChange={(note) => change({ note })}
          />
        </div>
      </details>
    </div>
  );
}

/** Ask for a preview when the typing pauses.  What is secret is not part of a cache: the key is only a number. */
export function usePreview(draft: Draft, load: (draft: Draft) => Promise<Preview>) {
  const settled = useSettled(draft);
  const [state, setState] = useState<{ preview: Preview | null; error: unknown }>({ preview: null, error: null });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is asked depends on the draft alone
  useEffect(() => {
    let isStale = false;
    load(settled).then(
      (preview) => isStale || setState({ preview, error: null }),
      (error) => isStale || setState((before) => ({ ...before, error })),
    );
    return () => {
      isStale = true;
    };
  }, [settled]);
  return { ...state, isCurrent: settled === draft };
}

function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  const latest = useDeferredValue(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(latest), PAUSE_MILLISECONDS);
    return () => window.clearTimeout(timer);
  }, [latest]);
  return settled;
}

/** What an install, or a change of one, will bring. */
export function PreviewCard({ preview, error }: { preview: Preview | null; error: unknown }) {
  if (error) {
    const { message, fix } = wordsOf(error);
    return (
      <Notice tone="bad">
        <span>
          <Prose>{message}</Prose> <Prose>{fix}</Prose>
        </span>
      </Notice>
    );
  }
  if (!preview) return <Skeleton lines={5} />;
  const changes = preview.changes.filter((each) => each.change !== "same");
  const isAllNew = changes.every((each) => each.change === "added") && changes.length >= preview.tools.length;
  const told = new Map(isAllNew ? [] : changes.map((each) => [each.name, each]));
  return (
    <div className={css.preview}>
      {preview.conflicts.length > 0 && (
        <Notice tone="bad">
          These names are taken by other flows: {preview.conflicts.join(", ")}. Choose another prefix.
        </Notice>
      )}
      {preview.missing.map((sentence) => (
        <Notice key={sentence} tone="warn">
          <Prose>{sentence}</Prose>
        </Notice>
      ))}
      <p className="muted">
        {preview.missing.length ? "Once that is there: " : ""}
        {count(preview.tools.length, "tool")}, also served alone at <code>{preview.path}</code>
      </p>
      <ul className={css.tools} aria-label="Tools that will appear">
        {preview.tools.map((tool) => (
          <li key={tool.name}>
            <code>
              <Text>{tool.name}</Text>
            </code>
            {told.has(tool.name) && <ChangeBadge change={told.get(tool.name)} />}
            {tool.read_only === false && <Badge tone="warn">changes things</Badge>}
          </li>
        ))}
      </ul>
      {changes
        .filter((each) => each.change === "removed")
        .map((each) => (
          <p key={each.name}>
            <code>{each.name}</code> <ChangeBadge change={each} />
          </p>
        ))}
      {Object.entries(preview.hidden).map(([name, why]) => (
        <p key={name} className="muted">
          <code>{name}</code> is not shown: <Prose>{why}</Prose>
        </p>
      ))}
    </div>
  );
}

const TONES = { added: "ok", removed: "bad", changed: "warn", same: "info" } as const;

function ChangeBadge({ change }: { change: Schemas["ToolChange"] | undefined }) {
  if (!change || change.change === "same") return null;
  const parts = change.parts?.length ? `: ${change.parts.join(", ")}` : "";
  return (
    <Badge tone={TONES[change.change]}>
      {change.change}
      {parts}
    </Badge>
  );
}
