// Lists and mappings in a form: a row for each element, and one to add another.

import { AddName, Button } from "../ui";
import { AnyControl, CONTROLS, type Labelled } from "./controls";
import type { Errors } from "./errors";
import css from "./forms.module.css";
import { controlOf, listOf, objectOf, type Path, plainOf, type Schema } from "./values";

/** Tells of a change: the place, and its value; `undefined` takes it out. */
export type Change = (path: Path, value: unknown) => void;

/** What every part of a form is given. */
export type Given = { root: Schema; errors: Errors; onChange: Change };

/** The elements of a list. */
export function ListRows({ schema, path, value, ...given }: Given & { schema: Schema; path: Path; value: unknown }) {
  const items = listOf(value);
  const inner = plainOf(objectOf(schema.items), given.root);
  const Plain = CONTROLS[controlOf(inner)] ?? AnyControl;
  const put = (next: unknown[]) => given.onChange(path, next.length ? next : undefined);
  return (
    <div className={css.rows}>
      {items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an element is its place
        <div key={index} className={css.row}>
          <Plain
            control={named(`${path.at(-1)} ${index + 1}`)}
            schema={inner}
            value={item}
            required
            onChange={(next) => put(items.with(index, next ?? ""))}
          />
          <Button
            small
            aria-label={`Remove ${path.at(-1)} ${index + 1}`}
            onClick={() => put(items.toSpliced(index, 1))}
          >
            ✕
          </Button>
        </div>
      ))}
      <Button
        small
        onClick={() => put([...items, inner.enum ? listOf(inner.enum)[0] : inner.type === "string" ? "" : 0])}
      >
        Add
      </Button>
    </div>
  );
}

/** The members of a mapping whose keys are free. */
export function MapRows({ schema, path, value, ...given }: Given & { schema: Schema; path: Path; value: unknown }) {
  const members = Object.entries(objectOf(value));
  const inner = plainOf(objectOf(schema.additionalProperties), given.root);
  const Plain = CONTROLS[controlOf(inner)] ?? AnyControl;
  return (
    <div className={css.rows}>
      {members.map(([key, item]) => (
        <div key={key} className={css.row}>
          <code className={css.key}>{key}</code>
          <Plain
            control={named(`${path.at(-1)} ${key}`)}
            schema={inner}
            value={item}
            required
            onChange={(next) => given.onChange([...path, key], next ?? "")}
          />
          <Button small aria-label={`Remove ${key}`} onClick={() => given.onChange([...path, key], undefined)}>
            ✕
          </Button>
        </div>
      ))}
      <AddName
        small
        label={`New key of ${path.at(-1)}`}
        onAdd={(name) => members.some(([known]) => known === name) || given.onChange([...path, name], "")}
      />
    </div>
  );
}

function named(label: string): Labelled {
  return { "aria-label": label };
}
