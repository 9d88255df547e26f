// What there is of connections, and what they can be.

import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../api/client";

/** All connections. */
export function useConnections() {
  return useQuery({ queryKey: ["connections"], queryFn: () => ask(api.GET("/api/connections")) });
}

/** One connection. */
export function useConnection(name: string) {
  return useQuery({
    queryKey: ["connections", name],
    queryFn: () => ask(api.GET("/api/connections/{name}", { params: { path: { name } } })),
    refetchInterval: 5_000, // somebody may be signing in for it in another window
  });
}

/** What a connection can be; it changes only with the server. */
export function useKinds() {
  return useQuery({
    queryKey: ["connection-kinds"],
    queryFn: () => ask(api.GET("/api/connection-kinds")),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The OAuth providers whose addresses are known. */
export function usePresets() {
  return useQuery({
    queryKey: ["connection-presets"],
    queryFn: () => ask(api.GET("/api/connection-presets")),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
