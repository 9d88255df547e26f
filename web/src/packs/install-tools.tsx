// The tools of an install, each with a switch of its own.

import { useQuery } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../api/client";
import { FlowSwitch } from "../flows/flow-switch";
import { Badge, type Column, Empty, Table, Text } from "../ui";
import css from "./packs.module.css";

type Tool = Schemas["PackTool"] & { enabled: boolean; live: boolean };

/** List the tools. */
export function InstallTools({ install }: { install: Schemas["InstallOut"] }) {
  const flows = useQuery({
    queryKey: ["flows", { install: install.name }],
    queryFn: () => ask(api.GET("/api/flows", { params: { query: { install: install.name, limit: 500 } } })),
  });
  const byName = new Map(flows.data?.flows.map((flow) => [flow.name, flow]));
  const rows = install.tools.map((tool): Tool => {
    const flow = byName.get(tool.name);
    return { ...tool, enabled: flow?.enabled ?? true, live: flow?.is_served ?? false };
  });
  if (rows.length === 0) return <Empty title="No tools">None of the chosen tools can be shown for now.</Empty>;
  return <Table caption="Tools of the install" columns={COLUMNS} rows={rows} rowKey={(tool) => tool.name} />;
}

const COLUMNS: Column<Tool>[] = [
  {
    key: "name",
    title: "Tool",
    show: (tool) => (
      <code className={css.tool}>
        <Text>{tool.name}</Text>
      </code>
    ),
  },
  { key: "about", title: "What it does", wide: true, show: (tool) => <Text>{tool.description}</Text> },
  {
    key: "state",
    title: "State",
    show: (tool) =>
      tool.live ? <Badge tone="ok">live</Badge> : <Badge tone="info">{tool.enabled ? "not shown" : "off"}</Badge>,
  },
  {
    key: "switch",
    title: <span className="visually-hidden">Switch</span>,
    end: true,
    show: (tool) => (tool.live || !tool.enabled ? <FlowSwitch flow={tool} small /> : null),
  },
];
