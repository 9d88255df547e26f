// JSON Schemas as forms read them: what a value may be, and in which control it is written.

/** A JSON Schema; `x-kind` says more about what a text is. */
export type Schema = { readonly [keyword: string]: unknown };

/** Keys and indexes from the top of a form to a value. */
export type Path = readonly (string | number)[];

/** Which control a value is written in. */
export type Control =
  | "text"
  | "lines"
  | "secret"
  | "number"
  | "choice"
  | "yes-no"
  | "list"
  | "map"
  | "fields"
  | "connection"
  | "duration"
  | "expression"
  | "any"
  | "steps";

const KINDS: Record<string, Control> = {
  connection: "connection",
  duration: "duration",
  condition: "expression",
  sql: "lines",
  secret: "secret",
  steps: "steps",
  value: "any",
  url: "text",
  path: "text",
  text: "lines",
  flow: "text",
};

/** Follow references, and choose among alternatives the one that a form can show best. */
export function plainOf(schema: Schema | undefined, root: Schema): Schema {
  let found: Schema = schema ?? {};
  for (let depth = 0; depth < 8; depth++) {
    const options = listOf(found.anyOf ?? found.oneOf) as Schema[];
    if (typeof found.$ref === "string") {
      const target = pointed(root, found.$ref);
      found = { ...target, ...without(found, "$ref") };
    } else if (options.length > 0) {
      const option = options.map((each) => plainOf(each, root)).sort((one, other) => rank(other) - rank(one))[0];
      found = { ...option, ...without(found, "anyOf", "oneOf") };
    } else {
      return found;
    }
  }
  return found;
}

/** Choose the control for a schema without references. */
export function controlOf(schema: Schema): Control {
  const kind = typeof schema["x-kind"] === "string" ? schema["x-kind"] : "";
  if (Array.isArray(schema.enum)) return "choice";
  if (kind === "value" && schema.type === "object") return "map";
  const known = KINDS[kind];
  if (known && !(known === "any" && typeof schema.type === "string")) return known;
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== "null") : schema.type;
  if (type === "string")
    return schema.format === "password" ? "secret" : Number(schema.maxLength) > 400 ? "lines" : "text";
  if (type === "integer" || type === "number") return "number";
  if (type === "boolean") return "yes-no";
  if (type === "array") return schema.items && isPlain(schema.items as Schema) ? "list" : "any";
  if (type === "object") return controlOfObject(schema);
  return "any";
}

/** The fields of an object, in their order. */
export function fieldsOf(schema: Schema): [string, Schema][] {
  return Object.entries((schema.properties ?? {}) as Record<string, Schema>);
}

/** Whether a field must be given. */
export function isRequired(schema: Schema, name: string): boolean {
  return (listOf(schema.required) as string[]).includes(name);
}

/** Put a value at a path; `undefined` takes it out. */
export function withValue(value: unknown, path: Path, inner: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return inner;
  if (typeof head === "number") {
    const items = [...listOf(value)];
    items[head] = withValue(items[head], rest, inner);
    return items;
  }
  const members = { ...objectOf(value) };
  const changed = withValue(members[head], rest, inner);
  if (changed === undefined) delete members[head];
  else members[head] = changed;
  return members;
}

/** The members of an object, none for anything else. */
export function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** The elements of a list, none for anything else. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether a text holds an expression. */
export function isExpression(value: unknown): value is string {
  return typeof value === "string" && value.includes("${{");
}

function controlOfObject(schema: Schema): Control {
  if (schema.properties && Object.keys(schema.properties).length > 0) return "fields";
  return schema.additionalProperties && typeof schema.additionalProperties === "object" ? "map" : "any";
}

function isPlain(schema: Schema): boolean {
  return ["string", "integer", "number"].includes(String(schema.type)) || Array.isArray(schema.enum);
}

function rank(schema: Schema): number {
  if (schema.pattern === "\\$\\{\\{" || schema.type === "null") return 0;
  return schema.type === "object" || Array.isArray(schema.enum) ? 3 : schema.type === "array" ? 1 : 2;
}

function pointed(root: Schema, reference: string): Schema {
  let found: unknown = root;
  for (const part of reference.split("/").slice(1)) {
    found = objectOf(found)[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return objectOf(found);
}

function without(schema: Schema, ...names: string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !names.includes(name)));
}
