// Fields for what is secret.  Nothing that is stored ever comes back; a field that stays empty changes nothing.

import { useState } from "react";
import { Button, Field } from "../ui";
import css from "./connections.module.css";

/** Fill in secrets: those that are needed, or under names of one's own. */
export function SecretFields({
  names,
  isFree,
  stored,
  values,
  onChange,
}: {
  names: readonly string[];
  /** Whether the names are chosen here. */
  isFree: boolean;
  /** The secrets that are there already. */
  stored: readonly string[];
  values: Readonly<Record<string, string>>;
  onChange: (values: Record<string, string>) => void;
}) {
  const [name, setName] = useState("");
  const shown = isFree ? Object.keys(values) : names;
  if (shown.length === 0 && !isFree) return null;
  const add = () => {
    if (name && !(name in values)) onChange({ ...values, [name]: "" });
    setName("");
  };
  return (
    <fieldset className={css.group}>
      <legend>Secrets</legend>
      {shown.map((each) => (
        <Field
          key={each}
          label={each}
          help={stored.includes(each) ? "One is stored, and never shown. Leave it empty to keep it." : undefined}
        >
          {(control) => (
            <input
              {...control}
              type="password"
              autoComplete="new-password"
              placeholder={stored.includes(each) ? "stored" : ""}
              value={values[each] ?? ""}
              onChange={(event) => onChange(kept(values, each, event.target.value, isFree))}
            />
          )}
        </Field>
      ))}
      {isFree && (
        <div className={css.buttons}>
          <input
            type="text"
            aria-label="Name of another secret"
            placeholder="Name of another secret"
            value={name}
            onChange={(event) => setName(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              add();
            }}
          />
          <Button disabled={!name} onClick={add}>
            Add
          </Button>
        </div>
      )}
    </fieldset>
  );
}

function kept(values: Readonly<Record<string, string>>, name: string, text: string, isFree: boolean) {
  const { [name]: _, ...others } = values;
  return text || isFree ? { ...others, [name]: text } : others;
}
