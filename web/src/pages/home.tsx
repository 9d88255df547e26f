// Is it well, and what is going on?  For a new installation: the way to the first call.

import { useState } from "react";
import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { useEvents } from "../api/events";
import { type OverviewRange, useOverview } from "../api/queries";
import { Card, Choice, type Column, count, duration, Loaded, Page, Section, Table, Text } from "../ui";
import { Attention } from "./attention";
import { CallsChart } from "./chart";
import { FirstSteps } from "./first-steps";
import css from "./home.module.css";
import { RANGES } from "./tool-statistics";

type Overview = Schemas["OverviewOut"];
type ToolCounts = Schemas["ToolCountsOut"];

export default function HomePage() {
  const [range, setRange] = useState<OverviewRange>("24h");
  const query = useOverview(range);
  useEvents();
  return (
    <Page
      title="Home"
      lead={query.data && <Text>{query.data.summary}</Text>}
      actions={<Choice label="Time shown" choices={RANGES} value={range} onChange={setRange} />}
    >
      <Loaded query={query} lines={12}>
        {(overview) => <Overview overview={overview} range={range} />}
      </Loaded>
    </Page>
  );
}

function Overview({ overview, range }: { overview: Overview; range: OverviewRange }) {
  const { counts } = overview;
  const share = counts.calls ? (100 * counts.errors) / counts.calls : 0;
  return (
    <>
      {overview.is_new && <FirstSteps steps={overview.first_steps} />}
      {overview.attention.length > 0 && (
        <Section title="Needs attention">
          <Attention items={overview.attention} />
        </Section>
      )}
      <div className={css.figures}>
        <Figure name="Tools live" value={overview.tools.toLocaleString()} href="/tools" />
        <Figure name="Calls" value={counts.calls.toLocaleString()} href={`/runs?range=${range}`} />
        <Figure
          name="Errors"
          value={counts.errors.toLocaleString()}
          note={counts.calls ? `${share.toLocaleString(undefined, { maximumSignificantDigits: 2 })} %` : ""}
          href={`/runs?range=${range}&outcome=not_ok`}
        />
        <Figure name="Duration, p50" value={counts.calls ? duration(counts.p50) : "–"} />
        <Figure name="Duration, p95" value={counts.calls ? duration(counts.p95) : "–"} />
        <Figure name="Running now" value={overview.running.toLocaleString()} href="/workers" />
      </div>
      <Section title="Calls over time">
        <Card>
          {counts.calls > 0 ? (
            <CallsChart points={overview.points} seconds={overview.point_seconds} />
          ) : (
            <p className="muted">
              No calls in this time. They will be counted here, whoever makes them; you can{" "}
              <Link href="/tools">run a tool yourself</Link>.
            </p>
          )}
        </Card>
      </Section>
      {counts.calls > 0 && <Rankings overview={overview} />}
      <Workers workers={overview.workers} />
    </>
  );
}

function Rankings({ overview }: { overview: Overview }) {
  return (
    <div className={css.columns}>
      <Ranking title="Slowest tools" tools={overview.slowest} show={({ p95 }) => duration(p95)} head="p95" />
      <Ranking
        title="Most failing tools"
        tools={overview.failing}
        show={({ errors, calls }) => `${errors.toLocaleString()} of ${calls.toLocaleString()}`}
        head="Failed"
        empty="No call failed."
      />
      <Ranking
        title="Busiest tools"
        tools={overview.busiest}
        show={({ calls }) => calls.toLocaleString()}
        head="Calls"
      />
    </div>
  );
}

function Figure({ name, value, note, href }: { name: string; value: string; note?: string; href?: string }) {
  const shown = (
    <>
      <span className={css.name}>{name}</span>
      <span className={css.value}>{value}</span>
      {note && <span className="muted"> {note}</span>}
    </>
  );
  return href ? (
    <Link href={href} className={css.figure}>
      {shown}
    </Link>
  ) : (
    <div className={css.figure}>{shown}</div>
  );
}

function Ranking({
  title,
  tools,
  head,
  show,
  empty = "No calls in this time.",
}: {
  title: string;
  tools: readonly ToolCounts[];
  head: string;
  show: (counts: ToolCounts["counts"]) => string;
  empty?: string;
}) {
  const columns: Column<ToolCounts>[] = [
    { key: "tool", title: "Tool", show: ({ tool }) => <Text>{tool}</Text> },
    { key: "value", title: head, end: true, show: ({ counts }) => show(counts) },
  ];
  return (
    <Section title={title}>
      {tools.length === 0 ? (
        <Card>
          <p className="muted">{empty}</p>
        </Card>
      ) : (
        <Table
          caption={title}
          columns={columns}
          rows={tools}
          rowKey={({ tool }) => tool}
          href={({ tool }) => `/tools/${encodeURIComponent(tool)}`}
        />
      )}
    </Section>
  );
}

function Workers({ workers }: { workers: Overview["workers"] }) {
  const running = workers.reduce((sum, worker) => sum + worker.running, 0);
  return (
    <p className="muted">
      <Link href="/workers">{count(workers.length, "worker")}</Link>, {count(running, "call")} under way.
    </p>
  );
}
