import { useId } from "react";
import css from "./choice.module.css";

/** A few choices side by side, of which one holds. */
export function Choice<Value extends string>({
  label,
  choices,
  value,
  onChange,
}: {
  label: string;
  choices: readonly (readonly [Value, string])[];
  value: Value;
  onChange: (value: Value) => void;
}) {
  return (
    <fieldset className={css.choice}>
      <legend className="visually-hidden">{label}</legend>
      {choices.map(([each, words]) => (
        <button key={each} type="button" aria-pressed={each === value} onClick={() => onChange(each)}>
          {words}
        </button>
      ))}
    </fieldset>
  );
}

/** A few ways, in words that are longer, of which one holds. */
export function Radios<Value extends string>({
  choices,
  value,
  onChange,
}: {
  choices: readonly (readonly [Value, string])[];
  value: Value;
  onChange: (value: Value) => void;
}) {
  const name = useId();
  return (
    <div className={css.radios}>
      {choices.map(([each, words]) => (
        <label key={each}>
          <input type="radio" name={name} checked={each === value} onChange={() => onChange(each)} /> {words}
        </label>
      ))}
    </div>
  );
}
