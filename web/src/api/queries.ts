// One hook for each thing that pages show.  The first word of a key says what it is about; events.ts goes by it.

import { keepPreviousData, type QueryClient, useQuery } from "@tanstack/react-query";
import { api, ask } from "./client";
import type { operations } from "./schema";

type Query<Name extends keyof operations> = NonNullable<operations[Name]["parameters"]["query"]>;

/** Which runs are wanted. */
export type RunFilter = Query<"listRuns">;

/** How far back the overview looks. */
export type OverviewRange = NonNullable<Query<"getOverview">["range"]>;

/** What was called lately, and what needs somebody. */
export function useOverview(range: OverviewRange) {
  return useQuery({
    queryKey: ["overview", range],
    queryFn: () => ask(api.GET("/api/overview", { params: { query: { range } } })),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
}

/** How the installation is. */
export function useStatus() {
  return useQuery({ queryKey: ["status"], queryFn: () => ask(api.GET("/api/status")), refetchInterval: 30_000 });
}

/** Everything that is wrong. */
export function useProblems() {
  return useQuery({
    queryKey: ["problems"],
    queryFn: () => ask(api.GET("/api/problems")),
    refetchInterval: 10_000,
  });
}

/** A page of the flows. */
export function useFlows(query: Query<"listFlows"> = {}) {
  return useQuery({
    queryKey: ["flows", query],
    queryFn: () => ask(api.GET("/api/flows", { params: { query } })),
    placeholderData: keepPreviousData,
  });
}

/** A page of the tools. */
export function useTools(query: Query<"listTools"> = {}) {
  return useQuery({
    queryKey: ["tools", query],
    queryFn: () => ask(api.GET("/api/tools", { params: { query } })),
    placeholderData: keepPreviousData,
  });
}

/** One tool as clients see it. */
export function useTool(name: string) {
  return useQuery({
    queryKey: ["tools", "one", name],
    queryFn: () => ask(api.GET("/api/tools/{name}", { params: { path: { name } } })),
  });
}

/** How a tool does. */
export function useToolStatistics(name: string, range: OverviewRange) {
  return useQuery({
    queryKey: ["tools", "statistics", name, range],
    queryFn: () => ask(api.GET("/api/tools/{name}/statistics", { params: { path: { name }, query: { range } } })),
    placeholderData: keepPreviousData,
  });
}

/** What is out of date when a flow was changed, by the first part of the keys; likewise for an install. */
export const FLOWS_CHANGED = ["flows", "tools", "status", "problems", "overview", "installs"];
export const INSTALLS_CHANGED = [...FLOWS_CHANGED, "packs", "connections"];

/** Ask anew, of what is shown, for everything whose key begins with one of these. */
export function refresh(queries: QueryClient, keys: readonly string[]): void {
  for (const key of keys) void queries.invalidateQueries({ queryKey: [key] });
}

/** A page of the history. */
export function useRuns(query: RunFilter) {
  return useQuery({
    queryKey: ["runs", query],
    queryFn: () => ask(api.GET("/api/runs", { params: { query } })),
    placeholderData: keepPreviousData,
  });
}

/** One run in full. */
export function useRun(id: string) {
  return useQuery({
    queryKey: ["run", id],
    queryFn: () => ask(api.GET("/api/runs/{run_id}", { params: { path: { run_id: id } } })),
    enabled: id !== "",
    staleTime: Number.POSITIVE_INFINITY, // what has run does not change
  });
}

/** What runs flows. */
export function useWorkers() {
  return useQuery({ queryKey: ["workers"], queryFn: () => ask(api.GET("/api/workers")), refetchInterval: 3_000 });
}

/** What starts flows at times. */
export function useSchedules() {
  return useQuery({
    queryKey: ["flows", "schedules"],
    queryFn: () => ask(api.GET("/api/schedules")),
    refetchInterval: 30_000, // the next times pass
  });
}

/** Where requests start flows. */
export function useWebhooks() {
  return useQuery({ queryKey: ["flows", "webhooks"], queryFn: () => ask(api.GET("/api/webhooks")) });
}

/** Runs that failed for good. */
export function useDeadLetters(after: string | undefined) {
  const query = { limit: 20, ...(after && { after }) };
  return useQuery({
    queryKey: ["dead-letters", query],
    queryFn: () => ask(api.GET("/api/dead-letters", { params: { query } })),
    placeholderData: keepPreviousData,
  });
}

/** All tokens. */
export function useTokens() {
  return useQuery({ queryKey: ["tokens"], queryFn: () => ask(api.GET("/api/tokens")) });
}

/** The settings in force. */
export function useSettings() {
  return useQuery({ queryKey: ["settings"], queryFn: () => ask(api.GET("/api/settings")) });
}

/** What to paste into clients that need no token. */
export function useSnippets() {
  return useQuery({ queryKey: ["snippets"], queryFn: () => ask(api.GET("/api/snippets")) });
}

/** What the installation is made of. */
export function useAbout() {
  return useQuery({
    queryKey: ["about"],
    queryFn: () => ask(api.GET("/api/about")),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The owner's account, and where somebody is signed in to it. */
export function useAccount() {
  return useQuery({ queryKey: ["account"], queryFn: () => ask(api.GET("/api/account")) });
}
