// What forms and menus offer beside their schemas: components, connections, flows.

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, ask } from "../api/client";
import type { Known } from "../forms/controls";

/** Everything that a flow can be made of; it changes only with the server. */
export function useComponents() {
  return useQuery({
    queryKey: ["components"],
    queryFn: () => ask(api.GET("/api/components")),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The connections and flows that there are. */
export function useKnownNames(): Known {
  const connections = useQuery({ queryKey: ["connections"], queryFn: () => ask(api.GET("/api/connections")) });
  const flows = useQuery({
    queryKey: ["flows", { limit: 500 }],
    queryFn: () => ask(api.GET("/api/flows", { params: { query: { limit: 500 } } })),
  });
  return useMemo(
    () => ({
      connections: connections.data?.connections.map((each) => each.name) ?? [],
      flows: flows.data?.flows.map((each) => each.name) ?? [],
    }),
    [connections.data, flows.data],
  );
}
