import { type ReactNode, useId } from "react";
import css from "./field.module.css";
import { Text } from "./text";

/** What a control has to carry so that label, help and error belong to it. */
export type ControlProps = { id: string; "aria-describedby"?: string; "aria-invalid"?: true };

/** A labelled control with its help, and with what is wrong about its value. */
export function Field({
  label,
  help,
  error,
  optional = false,
  children,
}: {
  label: string;
  help?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  children: (control: ControlProps) => ReactNode;
}) {
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
