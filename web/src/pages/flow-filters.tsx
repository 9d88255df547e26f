// The filter of the flows, kept in the address.

import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import type { operations } from "../api/schema";
import { Field } from "../ui";
import css from "./flows.module.css";

type Filter = NonNullable<operations["listFlows"]["parameters"]["query"]>;

const TYPING_MILLISECONDS = 250;
const ORIGINS = { api: "Editor", file: "File", pack: "Pack" };
const STATES = { live: "Live", off: "Switched off", problems: "With problems" };

/** Read the filter from the query of the address. */
export function filterOf(params: URLSearchParams): Filter {
  const [search, origin, status] = ["search", "origin", "status"].map((name) => params.get(name) ?? "");
  return {
    ...(search && { search }),
    ...(origin && origin in ORIGINS && { origin: origin as keyof typeof ORIGINS }),
    ...(status && status in STATES && { status: status as keyof typeof STATES }),
  };
}

/** The controls of the filter. */
export function FlowFilters() {
  const [params, setParams] = useSearchParams();
  const set = (name: string, value: string) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        value ? next.set(name, value) : next.delete(name);
        return next;
      },
      { replace: true },
    );
  return (
    <search className={css.filters} aria-label="Filter of the flows">
      <Field label="Search">
        {(control) => (
          <Searched {...control} value={params.get("search") ?? ""} onSettled={(text) => set("search", text)} />
        )}
      </Field>
      <Choice label="From" choices={ORIGINS} value={params.get("origin")} onChange={(value) => set("origin", value)} />
      <Choice label="State" choices={STATES} value={params.get("status")} onChange={(value) => set("status", value)} />
    </search>
  );
}

function Choice({
  label,
  choices,
  value,
  onChange,
}: {
  label: string;
  choices: Record<string, string>;
  value: string | null;
  onChange: (value: string) => void;
}) {
  return (
    <Field label={label}>
      {(control) => (
        <select {...control} value={value ?? ""} onChange={(event) => onChange(event.target.value)}>
          <option value="">Any</option>
          {Object.entries(choices).map(([key, words]) => (
            <option key={key} value={key}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A text that counts when the typing pauses. */
function Searched({
  value,
  onSettled,
  ...rest
}: React.ComponentProps<"input"> & { value: string; onSettled: (value: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = window.setTimeout(() => onSettled(text.trim()), TYPING_MILLISECONDS);
    return () => window.clearTimeout(timer);
  });
  return <input {...rest} type="search" value={text} onChange={(event) => setText(event.target.value)} />;
}
