// Write down which libraries the built pages contain, with the licence of each and its text: what /api/about shows.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

/** A plugin that puts `licences.json` beside the pages.  The build fails where a library does not say its licence. */
export function licences(): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle(_, bundle) {
      const folders = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === "chunk") for (const id of chunk.moduleIds) folders.add(folderOf(id));
      }
      folders.delete("");
      const libraries = [...folders].map((folder) => libraryIn(folder));
      const silent = libraries.filter(({ licence }) => !licence).map(({ name }) => name);
      if (silent.length) this.error(`These libraries do not say their licence: ${silent.join(", ")}.`);
      libraries.sort((a, b) => (a.name < b.name ? -1 : 1));
      this.emitFile({ type: "asset", fileName: "licences.json", source: JSON.stringify(libraries, null, 1) });
    },
  };
}

/** The folder of the library that a module belongs to; empty for a module of ours. */
function folderOf(id: string): string {
  const path = id.replaceAll("\\", "/");
  if (!path.includes("/node_modules/")) return "";
  let folder = dirname(path);
  while (!dirname(folder).endsWith("/node_modules") && !/\/node_modules\/@[^/]+$/.test(dirname(folder)))
    folder = dirname(folder);
  return folder;
}

function libraryIn(folder: string) {
  const said = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((name) => /^licen[cs]e(\.|$)/i.test(name));
  const repository = String(said.repository?.url ?? said.repository ?? "").replace(/^git\+|\.git$/g, "");
  const url = String(said.homepage ?? repository.replace(/^([\w-]+\/[\w.-]+)$/, "https://github.com/$1"));
  return {
    name: String(said.name),
    version: String(said.version),
    licence: String(said.license ?? ""),
    url: url.startsWith("https://") ? url : "",
    text: file ? readFileSync(join(folder, file), "utf8").trim() : "",
  };
}
