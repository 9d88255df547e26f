// How a tool does: its calls over time, how long they took, how many failed, and who called.

import { useState } from "react";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { type OverviewRange, useToolStatistics } from "../api/queries";
import { Card, Choice, type Column, duration, Facts, Loaded, Section, Table, Text, Time } from "../ui";
import { CallsChart } from "./chart";
import css from "./tool.module.css";
import { Origin } from "./tools";

type Caller = Schemas["CallerOut"];

/** The ranges that charts show. */
export const RANGES: [OverviewRange, string][] = [
  ["1h", "1 hour"],
  ["24h", "24 hours"],
  ["7d", "7 days"],
];

/** The section about how a tool does. */
export function ToolStatistics({ name }: { name: string }) {
  const [range, setRange] = useState<OverviewRange>("24h");
  const query = useToolStatistics(name, range);
  return (
    <Section
      title="How it performs"
      actions={<Choice label="Time shown" choices={RANGES} value={range} onChange={setRange} />}
    >
      <Loaded query={query}>
        {(found) => (
          <Card>
            <Facts
              facts={[
                ["Calls", found.counts.calls.toLocaleString()],
                ["Errors", found.counts.errors.toLocaleString()],
                ["Duration, p50", found.counts.calls ? duration(found.counts.p50) : "–"],
                ["Duration, p95", found.counts.calls ? duration(found.counts.p95) : "–"],
                ["Its flow comes from", <Origin key="origin" facts={found.facts} />],
              ]}
            />
            <CallsChart points={found.points} seconds={found.point_seconds} tool={name} />
            {found.callers.length > 0 && <Callers callers={found.callers} name={name} />}
          </Card>
        )}
      </Loaded>
    </Section>
  );
}

function Callers({ callers, name }: { callers: readonly Caller[]; name: string }) {
  const columns: Column<Caller>[] = [
    {
      key: "caller",
      title: "Caller",
      show: ({ caller }) => (
        <Link href={`/runs?tool=${encodeURIComponent(name)}&caller=${encodeURIComponent(caller)}`}>
          <Text>{caller || "nobody"}</Text>
        </Link>
      ),
    },
    { key: "client", title: "Client", wide: true, show: ({ client }) => <Text>{client || "not said"}</Text> },
    { key: "source", title: "By", wide: true, show: ({ source }) => <Text>{source}</Text> },
    { key: "calls", title: "Calls", end: true, show: ({ calls }) => calls.toLocaleString() },
    { key: "errors", title: "Errors", end: true, show: ({ errors }) => errors.toLocaleString() },
    { key: "last", title: "Last", end: true, show: ({ last }) => <Time at={last} ago /> },
  ];
  return (
    <div className={css.part}>
      <h3>Called lately by</h3>
      <Table
        caption="Callers"
        columns={columns}
        rows={callers}
        rowKey={({ caller, client, source }) => JSON.stringify([caller, client, source])}
      />
    </div>
  );
}
