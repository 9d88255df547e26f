// One control for each kind of plain value.  A control gives `undefined` when its value is left out.

import { createContext, type ReactNode, useContext, useEffect, useId, useState } from "react";
import type { ControlProps } from "../ui";
import css from "./forms.module.css";
import { type Control, isExpression, listOf, type Schema } from "./values";

/** Names that a form offers beside what its schema says. */
export type Known = { connections: readonly string[]; flows: readonly string[] };

/** The names that are known here. */
export const KnownNames = createContext<Known>({ connections: [], flows: [] });

/** What ties a control to its label: the one beside it, or a name of its own. */
export type Labelled = Partial<ControlProps> & { "aria-label"?: string };

type ControlOf = {
  control: Labelled;
  schema: Schema;
  value: unknown;
  required: boolean;
  onChange: (value: unknown) => void;
};

/** Text in one line; with names to choose from when they are known. */
function TextControl({ control, schema, value, onChange }: ControlOf) {
  const known = useContext(KnownNames);
  const id = useId();
  const kind = schema["x-kind"];
  const names = kind === "connection" ? known.connections : kind === "flow" ? known.flows : [];
  const isCode = isExpression(value) || typeof kind === "string";
  return (
    <>
      <input
        {...control}
        type="text"
        className={isCode ? css.code : undefined}
        list={names.length ? id : undefined}
        placeholder={placeholderOf(schema)}
        value={textOf(value)}
        onChange={(event) => onChange(event.target.value || undefined)}
      />
      {names.length > 0 && (
        <datalist id={id}>
          {names.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </>
  );
}

/** Text of several lines. */
function LinesControl({ control, schema, value, onChange }: ControlOf) {
  const text = textOf(value);
  const rows = Math.min(14, Math.max(2, text.split("\n").length));
  return (
    <textarea
      {...control}
      rows={rows}
      className={schema["x-kind"] === "sql" || isExpression(value) ? css.code : undefined}
      value={text}
      onChange={(event) => onChange(event.target.value || undefined)}
    />
  );
}

/** Text that nobody should read over a shoulder. */
function SecretControl({ control, value, onChange }: ControlOf) {
  return (
    <input
      {...control}
      type="password"
      autoComplete="off"
      value={textOf(value)}
      onChange={(event) => onChange(event.target.value || undefined)}
    />
  );
}

/** A number; what is not one yet stays in the field and is not given out. */
function NumberControl({ control, schema, value, onChange }: ControlOf) {
  return (
    <input
      {...control}
      type="number"
      inputMode={schema.type === "integer" ? "numeric" : "decimal"}
      step={schema.type === "integer" ? 1 : "any"}
      min={typeof schema.minimum === "number" ? schema.minimum : undefined}
      max={typeof schema.maximum === "number" ? schema.maximum : undefined}
      placeholder={placeholderOf(schema)}
      value={typeof value === "number" ? value : ""}
      onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.valueAsNumber)}
    />
  );
}

/** One of a few values. */
function ChoiceControl({ control, schema, value, required, onChange }: ControlOf) {
  const options = listOf(schema.enum);
  const index = options.indexOf(value);
  const isEmptyOffered = !required || index < 0;
  return (
    <select
      {...control}
      value={index < 0 ? "" : String(index)}
      onChange={(event) => onChange(event.target.value === "" ? undefined : options[Number(event.target.value)])}
    >
      {isEmptyOffered && <option value="">{defaultWords(schema)}</option>}
      {options.map((option, place) => (
        <option key={String(option)} value={place}>
          {textOf(option)}
        </option>
      ))}
    </select>
  );
}

/** Yes, no, or left out. */
function YesNoControl(given: ControlOf) {
  return <ChoiceControl {...given} schema={{ ...given.schema, enum: [true, false] }} />;
}

/** Any value: text as it is, everything else as JSON. */
export function AnyControl({ control, value, onChange }: ControlOf) {
  const shown = anyText(value);
  const [text, setText] = useState(shown);
  const [isBroken, setBroken] = useState(false);
  const id = useId();
  useEffect(() => {
    setText((now) => (same(read(now).value, value) ? now : shown));
    setBroken(false);
  }, [value, shown]);
  const change = (next: string) => {
    setText(next);
    const found = read(next);
    setBroken(!found.isWhole);
    if (found.isWhole) onChange(found.value);
  };
  return (
    <>
      <textarea
        {...control}
        aria-describedby={[control["aria-describedby"], isBroken && id].filter(Boolean).join(" ") || undefined}
        rows={Math.min(14, Math.max(1, text.split("\n").length))}
        className={css.code}
        value={text}
        onChange={(event) => change(event.target.value)}
      />
      {isBroken && (
        <div id={id} className="small">
          Not whole JSON yet.
        </div>
      )}
    </>
  );
}

/** Write a value for an input. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return value === null ? "null" : "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function placeholderOf(schema: Schema): string | undefined {
  const example = listOf(schema.examples)[0];
  if (schema.default !== undefined && typeof schema.default !== "object") return String(schema.default);
  return typeof example === "string" || typeof example === "number" ? String(example) : undefined;
}

function defaultWords(schema: Schema): string {
  return schema.default === undefined ? "Not set" : `Default (${textOf(schema.default)})`;
}

function anyText(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  return typeof read(value).value === "string" && read(value).isWhole ? value : JSON.stringify(value);
}

/** Read what stands in a field for any value. */
function read(text: string): { value: unknown; isWhole: boolean } {
  const bare = text.trim();
  if (!bare) return { value: undefined, isWhole: true };
  if (!/^([[{"]|-?\d|true$|false$|null$)/.test(bare)) return { value: text, isWhole: true };
  try {
    return { value: JSON.parse(bare), isWhole: true };
  } catch {
    return { value: text, isWhole: !/^[[{"]/.test(bare) };
  }
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The control for each kind of plain value. */
export const CONTROLS: Partial<Record<Control, (given: ControlOf) => ReactNode>> = {
  text: TextControl,
  connection: TextControl,
  duration: TextControl,
  expression: TextControl,
  lines: LinesControl,
  secret: SecretControl,
  number: NumberControl,
  choice: ChoiceControl,
  "yes-no": YesNoControl,
  any: AnyControl,
};
