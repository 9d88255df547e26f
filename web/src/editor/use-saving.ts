// Storing a flow, so that nothing of anybody is lost: a change names the text that it was made to.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, api, ask, type Schemas } from "../api/client";
import { refresh } from "../api/queries";

/** What a save starts from; `digest` is empty for a flow that is not stored yet. */
export type Base = { name: string; digest: string; text: string };

export type Saved = Schemas["FlowOut"];

/** Store flows.  A refusal because somebody else saved has the status 409. */
export function useSaving(onSaved: (saved: Saved) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ text, name, base }: { text: string; name: string; base: Base }) => {
      const isNew = base.digest === "" || name !== base.name;
      if (isNew) return ask(api.POST("/api/flows", { body: { text, expected: "" } }));
      return ask(api.PUT("/api/flows/{name}", { params: { path: { name } }, body: { text, expected: base.digest } }));
    },
    onSuccess: (saved) => {
      queries.setQueryData(["flows", "one", saved.summary.name], saved);
      void queries.invalidateQueries({ queryKey: ["flows"], predicate: (query) => query.queryKey[1] !== "one" });
      refresh(queries, ["problems", "status", "tools", "overview"]);
      onSaved(saved);
    },
  });
}

/** Whether a save was refused because somebody else saved meanwhile, or the name is taken. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}
