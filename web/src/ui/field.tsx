import { type ComponentProps, type ReactNode, useId, useState } from "react";
import { Button } from "./button";
import css from "./field.module.css";
import { Text } from "./text";

/** What a control has to carry so that label, help and error belong to it. */
export type ControlProps = { id: string; "aria-describedby"?: string; "aria-invalid"?: true };

type About = { label: string; help?: ReactNode; error?: string | undefined; optional?: boolean };

/** A labelled control with its help, and with what is wrong about its value. */
export function Field({
  label,
  help,
  error,
  optional = false,
  children,
}: About & { children: (control: ControlProps) => ReactNode }) {
  const id = useId();
  const described = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={css.field}>
      <label htmlFor={id}>
        <Text>{label}</Text>
        {optional && <span className={css.optional}> optional</span>}
      </label>
      {children({
        id,
        ...(described && { "aria-describedby": described }),
        ...(error && { "aria-invalid": true as const }),
      })}
      {help && (
        <div id={`${id}-help`} className={css.help}>
          {help}
        </div>
      )}
      {error && (
        <div id={`${id}-error`} className={css.error}>
          <Text>{error}</Text>
        </div>
      )}
    </div>
  );
}

/** A line of text with its label. */
export function TextField({
  label,
  help,
  error,
  optional,
  onChange,
  ...input
}: About & Omit<ComponentProps<"input">, "onChange"> & { onChange: (text: string) => void }) {
  return (
    <Field label={label} help={help} error={error} optional={optional}>
      {(control) => <input {...control} {...input} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}

/** One of several choices, each with its words, in a list that opens. */
export function SelectField({
  choices,
  value,
  onChange,
  ...about
}: About & {
  choices: readonly (readonly [value: string, words: string])[];
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <Field {...about}>
      {(control) => (
        <select {...control} value={value} onChange={(event) => onChange(event.target.value)}>
          {choices.map(([each, words]) => (
            <option key={each} value={each}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Fields that belong together, under a heading of their own. */
export function Group({ title, children }: { title: ReactNode; children: ReactNode }) {
  return (
    <fieldset className={css.group}>
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

/** A line in which names are added to something, one after the other. */
export function AddName({ label, small, onAdd }: { label: string; small?: boolean; onAdd: (name: string) => void }) {
  const [name, setName] = useState("");
  const add = () => {
    if (name) onAdd(name);
    setName("");
  };
  return (
    <div className={css.add}>
      <input
        type="text"
        aria-label={label}
        placeholder={label}
        value={name}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          add();
        }}
      />
      <Button small={small} disabled={!name} onClick={add}>
        Add
      </Button>
    </div>
  );
}

/** A checkbox with its label beside it. */
export function Check({
  label,
  help,
  checked,
  disabled,
  onChange,
}: {
  label: ReactNode;
  help?: ReactNode;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}) {
  const id = useId();
  return (
    <div className={css.check}>
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={help ? `${id}-help` : undefined}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div>
        <label htmlFor={id}>{typeof label === "string" ? <Text>{label}</Text> : label}</label>
        {help && (
          <div id={`${id}-help`} className={css.help}>
            {help}
          </div>
        )}
      </div>
    </div>
  );
}
