// What there is of packs and installs.

import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../api/client";

/** The packs of the catalog. */
export function usePacks() {
  return useQuery({ queryKey: ["packs"], queryFn: () => ask(api.GET("/api/packs")) });
}

/** One pack of the catalog in full. */
export function usePack(name: string) {
  return useQuery({
    queryKey: ["packs", name],
    queryFn: () => ask(api.GET("/api/packs/{name}", { params: { path: { name } } })),
  });
}

/** One install. */
export function useInstall(name: string) {
  return useQuery({
    queryKey: ["installs", name],
    queryFn: () => ask(api.GET("/api/packs/installs/{name}", { params: { path: { name } } })),
  });
}

/** The pack of an install as it is installed, wherever it came from. */
export function useInstalledPack({ name, number }: { name: string; number: number }) {
  return useQuery({
    queryKey: ["installs", name, "pack", number],
    queryFn: () => ask(api.GET("/api/packs/installs/{name}/pack", { params: { path: { name } } })),
  });
}
