// The filter of the runs, kept in the address so that it can be bookmarked and sent to somebody.

import type { RunFilter } from "../api/queries";
import { useTools } from "../api/queries";
import { Button, Field, SelectField, TypedInput, useFilter } from "../ui";
import { OUTCOMES } from "./outcome";
import css from "./run-filters.module.css";

const HOUR = 3_600_000;
const RANGES: Record<string, [string, number]> = {
  "1h": ["Last hour", HOUR],
  "24h": ["Last 24 hours", 24 * HOUR],
  "7d": ["Last 7 days", 7 * 24 * HOUR],
};

const WANTED: Record<string, string> = { not_ok: "Not OK", ...OUTCOMES };
const SOURCES: Record<string, string> = {
  mcp: "MCP",
  api: "Pages and REST",
  cli: "Command line",
  schedule: "Schedule",
  webhook: "Webhook",
};

const ANY = ["", "Any"] as const;
const CUSTOM = ["custom", "From … to …"] as const;

/** Read the filter from the query of the address. */
export function filterOf(params: URLSearchParams): RunFilter {
  const length = RANGES[params.get("range") ?? ""]?.[1];
  const outcome = params.get("outcome") ?? "";
  return {
    ...textOf(params, "tool"),
    ...textOf(params, "caller"),
    ...textOf(params, "source"),
    ...textOf(params, "text"),
    ...(outcome in WANTED && { outcome: outcome as NonNullable<RunFilter["outcome"]> }),
    ...(length && { since: roundedTo(Date.now() - length) }),
    ...numberOf(params, "since"),
    ...numberOf(params, "until"),
  };
}

/** The controls of the filter. */
export function RunFilters() {
  const { params, set, clear } = useFilter();
  const tools = useTools({ limit: 200 });
  const isCustom = params.has("since") || params.has("until") || params.get("range") === "custom";
  return (
    <search className={css.filters} aria-label="Filter of the runs">
      <Field label="Text">
        {(control) => (
          <TypedInput
            {...control}
            maxLength={200}
            placeholder="Error, client, id"
            value={params.get("text") ?? ""}
            onSettled={(text) => set({ text })}
          />
        )}
      </Field>
      <Field label="Tool">
        {(control) => (
          <TypedInput
            {...control}
            list="tools-of-runs"
            value={params.get("tool") ?? ""}
            onSettled={(tool) => set({ tool })}
          />
        )}
      </Field>
      <datalist id="tools-of-runs">
        {tools.data?.tools.map((tool) => (
          <option key={String(tool.name)} value={String(tool.name)} />
        ))}
      </datalist>
      <Field label="Caller">
        {(control) => (
          <TypedInput {...control} value={params.get("caller") ?? ""} onSettled={(caller) => set({ caller })} />
        )}
      </Field>
      <SelectField
        label="Outcome"
        choices={[ANY, ...Object.entries(WANTED)]}
        value={params.get("outcome") ?? ""}
        onChange={(outcome) => set({ outcome })}
      />
      <SelectField
        label="Came by"
        choices={[ANY, ...Object.entries(SOURCES)]}
        value={params.get("source") ?? ""}
        onChange={(source) => set({ source })}
      />
      <SelectField
        label="Time"
        choices={[ANY, ...Object.entries(RANGES).map(([range, [words]]) => [range, words] as const), CUSTOM]}
        value={isCustom ? "custom" : (params.get("range") ?? "")}
        onChange={(range) => set({ range, since: "", until: "" })}
      />
      {isCustom && (
        <>
          <Moment label="From" value={params.get("since")} onChange={(since) => set({ since, range: "custom" })} />
          <Moment label="To" value={params.get("until")} onChange={(until) => set({ until, range: "custom" })} />
        </>
      )}
      {params.size > 0 && (
        <Button tone="quiet" onClick={clear}>
          Clear filter
        </Button>
      )}
    </search>
  );
}

function Moment({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | null;
  onChange: (value: string) => void;
}) {
  return (
    <Field label={label}>
      {(control) => (
        <input
          {...control}
          type="datetime-local"
          value={value ? localOf(Number(value)) : ""}
          onChange={(event) => onChange(event.target.value ? String(new Date(event.target.value).getTime()) : "")}
        />
      )}
    </Field>
  );
}

function localOf(at: number): string {
  const moment = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return Number.isNaN(moment.getTime()) ? "" : moment.toISOString().slice(0, 16);
}

function roundedTo(at: number): number {
  return at - (at % 60_000); // so that the same filter is the same question for a minute
}

function textOf(params: URLSearchParams, name: string): Record<string, string> {
  const value = params.get(name);
  return value ? { [name]: value } : {};
}

function numberOf(params: URLSearchParams, name: string): Record<string, number> {
  const value = Number(params.get(name) ?? "");
  return value > 0 ? { [name]: value } : {};
}
