// The filter of the flows, kept in the address.

import type { operations } from "../api/schema";
import { Field, SelectField, TypedInput, useFilter } from "../ui";
import css from "./flows.module.css";

type Filter = NonNullable<operations["listFlows"]["parameters"]["query"]>;

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
  const { params, set } = useFilter();
  return (
    <search className={css.filters} aria-label="Filter of the flows">
      <Field label="Search">
        {(control) => (
          <TypedInput {...control} value={params.get("search") ?? ""} onSettled={(search) => set({ search })} />
        )}
      </Field>
      <SelectField
        label="From"
        choices={[["", "Any"], ...Object.entries(ORIGINS)]}
        value={params.get("origin") ?? ""}
        onChange={(origin) => set({ origin })}
      />
      <SelectField
        label="State"
        choices={[["", "Any"], ...Object.entries(STATES)]}
        value={params.get("status") ?? ""}
        onChange={(status) => set({ status })}
      />
    </search>
  );
}
