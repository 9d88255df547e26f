// A form from a JSON Schema: a control for each value, nested where the schema is, raw JSON where no control fits.

import { type ReactNode, useState } from "react";
import { type ControlProps, Field, Prose } from "../ui";
import { AnyControl, CONTROLS } from "./controls";
import { type Errors, NO_ERRORS, pathText } from "./errors";
import css from "./forms.module.css";
import { type Change, type Given, ListRows, MapRows } from "./rows";
import {
  type Control,
  controlOf,
  fieldsOf,
  isRequired,
  listOf,
  objectOf,
  type Path,
  plainOf,
  type Schema,
  withValue,
} from "./values";

const SHOWN_AT_FIRST = 4;
const MANY = 6;

/** Write an object in a form.  The fields that are seldom needed fold away. */
export function SchemaForm({
  schema,
  value,
  errors = NO_ERRORS,
  many = MANY,
  onChange,
}: {
  schema: Schema;
  value: unknown;
  errors?: Errors;
  /** With more fields than this, those that need not be given fold away. */
  many?: number;
  onChange: (value: unknown) => void;
}) {
  const change: Change = (path, inner) => onChange(withValue(value, path, inner) ?? {});
  const given = { root: schema, errors, onChange: change };
  return <FormFields {...given} schema={schema} path={[]} value={value} many={many} />;
}

/** The fields of an object; those that must be given or are given first, the rest folded. */
export function FormFields({
  schema,
  path,
  value,
  many = MANY,
  ...given
}: Given & { schema: Schema; path: Path; value: unknown; many?: number }) {
  const plain = plainOf(schema, given.root);
  const members = objectOf(value);
  const all = fieldsOf(plain);
  // Decided once: a field must not move away from under the hands of who fills it in.
  const [first] = useState(() => new Set(chosen(plain, all, members, many)));
  const show = ([name, inner]: [string, Schema]) => (
    <FormField
      key={name}
      {...given}
      name={name}
      schema={inner}
      path={[...path, name]}
      value={members[name]}
      required={isRequired(plain, name)}
    />
  );
  const rest = all.filter(([name]) => !first.has(name));
  return (
    <div className="stack">
      {all.filter(([name]) => first.has(name)).map(show)}
      {rest.length > 0 && (
        <details className="more">
          <summary>{first.size ? "More settings" : "Settings"}</summary>
          <div className="stack">{rest.map(show)}</div>
        </details>
      )}
    </div>
  );
}

/** One value with its label, its help and what is wrong about it. */
export function FormField({
  name,
  schema,
  path,
  value,
  required,
  ...given
}: Given & { name: string; schema: Schema; path: Path; value: unknown; required: boolean }) {
  const plain = plainOf(schema, given.root);
  const control = fitting(controlOf(plain), value, plain);
  const label = typeof plain.title === "string" && !plain.properties ? plain.title : name;
  const help = typeof plain.description === "string" ? <Prose>{plain.description}</Prose> : undefined;
  const about = { label, help, error: given.errors.fields[pathText(path)], optional: !required };
  if (control === "steps") return <p className="small">The steps inside are in the text and in the picture.</p>;
  if (control === "fields") {
    return (
      <Group label={label} help={help}>
        <FormFields {...given} schema={plain} path={path} value={value} />
      </Group>
    );
  }
  if (control === "list" || control === "map") {
    const Rows = control === "list" ? ListRows : MapRows;
    return (
      <Group label={label} help={help} error={about.error}>
        <Rows {...given} schema={plain} path={path} value={value} />
      </Group>
    );
  }
  const Plain = CONTROLS[control] ?? AnyControl;
  const change = (next: unknown) => given.onChange(path, next);
  return (
    <Field {...about}>
      {(props: ControlProps) => (
        <Plain control={props} schema={plain} value={value} required={required} onChange={change} />
      )}
    </Field>
  );
}

function Group({
  label,
  help,
  error,
  children,
}: {
  label: string;
  help?: ReactNode;
  error?: string;
  children: ReactNode;
}) {
  return (
    <fieldset className={css.group}>
      <legend>{label}</legend>
      {help && <p className="small">{help}</p>}
      {children}
      {error && <p className={css.error}>{error}</p>}
    </fieldset>
  );
}

/** A value that its control could not show is written as what it is. */
function fitting(control: Control, value: unknown, schema: Schema): Control {
  if (value === undefined || control === "steps") return control;
  const isText = typeof value === "string";
  const fits: Partial<Record<Control, boolean>> = {
    text: isText || typeof value === "number",
    lines: isText,
    number: typeof value === "number",
    choice: listOf(schema.enum).includes(value),
    "yes-no": typeof value === "boolean",
    list: Array.isArray(value) && value.every((item) => typeof item !== "object"),
    map: objectOf(value) === value,
    fields: objectOf(value) === value || value === null,
    secret: isText,
    connection: isText,
    expression: isText || typeof value === "boolean",
    duration: isText || typeof value === "number",
  };
  return fits[control] === false ? "any" : control;
}

function chosen(schema: Schema, all: [string, Schema][], members: Record<string, unknown>, many: number): string[] {
  const wanted = all.map(([name]) => name).filter((name) => isRequired(schema, name) || members[name] !== undefined);
  if (all.length <= many) return all.map(([name]) => name);
  return wanted.length ? wanted : all.slice(0, SHOWN_AT_FIRST).map(([name]) => name);
}
