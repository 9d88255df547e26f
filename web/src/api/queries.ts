// One hook for each thing that pages show.  The first word of a key says what it is about; events.ts goes by it.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ask } from "./client";

/** How the installation is. */
export function useStatus() {
  return useQuery({ queryKey: ["status"], queryFn: () => ask(api.GET("/api/status")), refetchInterval: 30_000 });
}

/** Everything that is wrong. */
export function useProblems() {
  return useQuery({ queryKey: ["problems"], queryFn: () => ask(api.GET("/api/problems")) });
}

/** A page of the flows. */
export function useFlows(query: { search?: string; after?: string | undefined; limit?: number } = {}) {
  return useQuery({
    queryKey: ["flows", query],
    queryFn: () => ask(api.GET("/api/flows", { params: { query } })),
    placeholderData: keepPreviousData,
  });
}
