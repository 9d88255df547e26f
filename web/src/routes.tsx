// Every page with its path.  A page is loaded when somebody goes there; it is the default export of its module.

import { type ComponentType, lazy } from "react";

type Load = () => Promise<{ default: ComponentType }>;

const TABLE: [path: string, load: Load][] = [
  ["/", () => import("./pages/home")],
  ["/flows", () => import("./pages/flows")],
  ["/flows/_new", () => import("./pages/flow-editor")], // names of flows begin with a letter
  ["/flows/:name", () => import("./pages/flow-editor")],
  ["/packs", () => import("./pages/packs")],
  ["/packs/_other", () => import("./pages/pack-other")], // names of packs begin with a letter, too
  ["/packs/installed/:name", () => import("./pages/install")],
  ["/packs/:name/install", () => import("./pages/pack-install")],
  ["/packs/:name", () => import("./pages/pack")],
  ["/connections", () => import("./pages/connections")],
  ["/connections/:name", () => import("./pages/connection")],
  ["/tools", () => import("./pages/tools")],
  ["/tools/:name", () => import("./pages/tool")],
  ["/runs", () => import("./pages/runs")],
  ["/runs/:id", () => import("./pages/run")],
  ["/workers", () => import("./pages/workers")],
  ["/problems", () => import("./pages/problems")],
  ["/settings", () => import("./pages/settings")],
  ["/settings/:section", () => import("./pages/settings")],
];

/** The routes, in the order in which they are tried. */
export const ROUTES = TABLE.map(([path, load]) => ({ path, Page: lazy(load) }));
