// One run: how it ended and why, its steps in time, what went in and what came out.

import { Link, useParams } from "wouter";
import type { Schemas } from "../api/client";
import { useRun } from "../api/queries";
import { Badge, duration, Facts, LinkButton, Loaded, Notice, Page, Section, Text, Time, Tree } from "../ui";
import { OutcomeBadge } from "./outcome";
import { type Step, Timeline } from "./timeline";

export default function RunPage() {
  const { id = "" } = useParams<{ id: string }>();
  const query = useRun(id);
  const summary = query.data?.summary;
  const again = summary?.tool && query.data?.detail.args !== undefined;
  return (
    <Page
      title={summary ? `Run of ${summary.tool || summary.flow}` : "Run"}
      back={<Link href="/runs">Runs</Link>}
      actions={
        summary && (
          <>
            <LinkButton href={`/flows/${encodeURIComponent(summary.flow)}`}>Open the flow</LinkButton>
            {again && (
              <LinkButton tone="primary" href={`/tools/${encodeURIComponent(summary.tool)}?run=${summary.id}`}>
                Try again with these arguments
              </LinkButton>
            )}
          </>
        )
      }
    >
      <Loaded query={query} lines={10}>
        {(run) => <Run {...run} />}
      </Loaded>
    </Page>
  );
}

function Run({ summary, detail }: Schemas["RunRecord"]) {
  return (
    <>
      <Ending summary={summary} step={detail.step ?? ""} />
      <Facts
        facts={[
          ["Outcome", <OutcomeBadge key="outcome" outcome={summary.outcome} />],
          ["Started", <Time key="started" at={summary.started} zoned />],
          ["Duration", duration(summary.duration)],
          ["Caller", <Text key="caller">{summary.caller || "nobody"}</Text>],
          ["Client", <Text key="client">{summary.client || "not said"}</Text>],
          ["Address", <Text key="address">{summary.address || "none"}</Text>],
          ["Came by", <Text key="source">{summary.source}</Text>],
          ["Version of the flow", <code key="digest">{summary.digest.slice(0, 12)}</code>],
          ["Run", <code key="id">{summary.id}</code>],
        ]}
      />
      <Section title="Steps">
        <Timeline steps={stepsOf(detail.steps)} total={summary.duration} flow={summary.flow} />
      </Section>
      <Value title="Arguments" value={detail.args} />
      <Value
        title="Result"
        value={detail.result}
        none={summary.outcome === "ok" ? undefined : "The run ended before it had one."}
      />
      {detail.content !== undefined && <Value title="Content" value={detail.content} />}
    </>
  );
}

function Ending({ summary, step }: { summary: Schemas["RunSummary"]; step: string }) {
  if (!summary.message) return null;
  return (
    <Notice tone={summary.outcome === "rejected" || summary.outcome === "cancelled" ? "warn" : "bad"}>
      <p>
        <Text>{summary.message}</Text>
      </p>
      <p>
        <Badge tone="info">
          <Text>{summary.code}</Text>
        </Badge>{" "}
        {step && (
          <>
            at step{" "}
            <Link href={`/flows/${encodeURIComponent(summary.flow)}?step=${encodeURIComponent(step)}`}>
              <Text>{step}</Text>
            </Link>
          </>
        )}
      </p>
    </Notice>
  );
}

function Value({ title, value, none }: { title: string; value: unknown; none?: string | undefined }) {
  return (
    <Section title={title}>
      {value === undefined ? (
        <p>{none ?? "Not kept: the history policy leaves it out."}</p>
      ) : (
        <Tree value={value} label={title} />
      )}
    </Section>
  );
}

function stepsOf(steps: unknown): readonly Step[] {
  return Array.isArray(steps) ? steps : []; // a list too long for the history was cut, and is none any more
}
