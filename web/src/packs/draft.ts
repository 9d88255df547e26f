// What is decided at install, as the form holds it and as the server takes it.

import type { Schemas } from "../api/client";
import type { Schema } from "../forms/values";

export type Details = Schemas["PackDetails"];
export type Choices = Schemas["Choices"];

/** What one of the pack's connections is bound to. */
export type Link =
  | { mode: "none" }
  | { mode: "existing"; name: string }
  | { mode: "new"; name: string; settings: Record<string, unknown>; secrets: Record<string, string> };

/** Everything that is decided. */
export type Draft = {
  name: string;
  prefix: string;
  note: string;
  variables: unknown;
  scope: "all" | "groups" | "tools";
  groups: readonly string[];
  tools: readonly string[];
  links: Readonly<Record<string, Link>>;
};

/** The new connection of a form that was not filled in yet. */
export const NEW_LINK: Link = { mode: "new", name: "", settings: {}, secrets: {} };

/** What a form for a new install begins with. */
export function draftOf(pack: Details): Draft {
  const own = pack.summary.name;
  const isFirst = !pack.summary.installs.includes(own);
  const links = Object.entries(pack.connections).map(([name, declared]): [string, Link] => [
    name,
    declared.required === false ? { mode: "none" } : NEW_LINK,
  ]);
  return {
    name: isFirst ? own : nextName(own, pack.summary.installs),
    prefix: "",
    note: "",
    variables: {},
    scope: "all",
    groups: [],
    tools: [],
    links: Object.fromEntries(links),
  };
}

/** What a form for another state of an install begins with. */
export function draftFrom(install: Schemas["InstallOut"]): Draft {
  const { choices } = install;
  const links = install.connections.map(({ own, name }): [string, Link] => [
    own,
    name ? { mode: "existing", name } : { mode: "none" },
  ]);
  return {
    name: install.name,
    prefix: choices.prefix ?? "",
    note: choices.note ?? "",
    variables: choices.variables ?? {},
    scope: choices.tools?.length ? "tools" : choices.groups?.length ? "groups" : "all",
    groups: choices.groups ?? [],
    tools: choices.tools ?? [],
    links: Object.fromEntries(links),
  };
}

/** What the server takes. */
export function bodyOf(draft: Draft): { choices: Choices; new_connections: Record<string, Schemas["NewConnection"]> } {
  const links = Object.entries(draft.links);
  const bound = links.flatMap(([own, link]) => (link.mode === "existing" && link.name ? [[own, link.name]] : []));
  const made = links.flatMap(([own, { mode, ...rest }]) => (mode === "new" ? [[own, rest]] : []));
  return {
    choices: {
      prefix: draft.prefix || null,
      note: draft.note,
      variables: draft.variables as Record<string, unknown>,
      tools: draft.scope === "tools" ? [...draft.tools] : [],
      groups: draft.scope === "groups" ? [...draft.groups] : [],
      connections: Object.fromEntries(bound),
    },
    new_connections: Object.fromEntries(made),
  };
}

/** What can be previewed of a form that is not filled in yet: a new connection counts once it has what it needs. */
export function previewable(draft: Draft, pack: Details): Draft {
  const links = Object.entries(draft.links).map(([own, link]): [string, Link] => {
    const needed = (pack.asks[own] ?? []).filter((ask) => !ask.secret && ask.required !== false);
    const isReady = link.mode !== "new" || needed.every((ask) => link.settings[ask.name]);
    return [own, isReady ? link : { mode: "none" }];
  });
  return { ...draft, links: Object.fromEntries(links) };
}

/** The schema of the pack's variables, which are declared like the params of a tool. */
export function variablesSchema(variables: Record<string, unknown>): Schema {
  const required: string[] = [];
  const properties = Object.entries(variables).map(([name, declared]) => {
    const { required: wanted, ...schema } =
      typeof declared === "string" ? { type: declared } : ((declared ?? {}) as Record<string, unknown>);
    if (wanted ?? !("default" in schema)) required.push(name);
    return [name, schema];
  });
  return { type: "object", properties: Object.fromEntries(properties), required, additionalProperties: false };
}

function nextName(own: string, taken: readonly string[]): string {
  let number = 2;
  while (taken.includes(`${own}-${number}`)) number++;
  return `${own}-${number}`;
}
