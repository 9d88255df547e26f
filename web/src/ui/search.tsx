import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
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

/** What stands in the query of the address, a way to change it in place, and one to begin anew. */
export function useFilter() {
  const [params, setParams] = useSearchParams();
  const set = (values: Record<string, string>) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(values)) value ? next.set(name, value) : next.delete(name);
        return next;
      },
      { replace: true },
    );
  return { params, set, clear: () => setParams({}, { replace: true }) };
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
