import { useEffect, useState } from "react";
import css from "./search.module.css";

const TYPING_MILLISECONDS = 250;

/** A text that counts when the typing pauses. */
export function TypedInput({
  value,
  onSettled,
  ...rest
}: Omit<React.ComponentProps<"input">, "value"> & { value: string; onSettled: (value: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = window.setTimeout(() => onSettled(text.trim()), TYPING_MILLISECONDS);
    return () => window.clearTimeout(timer);
  });
  return <input {...rest} type="search" value={text} onChange={(event) => setText(event.target.value)} />;
}

/** The field that searches a list. */
export function Search({
  label,
  value,
  onSettled,
}: {
  label: string;
  value: string;
  onSettled: (value: string) => void;
}) {
  return (
    <search className={css.search}>
      <TypedInput aria-label={label} placeholder={label} maxLength={200} value={value} onSettled={onSettled} />
    </search>
  );
}
