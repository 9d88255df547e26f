// Everything that is wrong, with where it is and how to fix it.

import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { useEvents } from "../api/events";
import { useFlows, useProblems } from "../api/queries";
import { Badge, type Column, Empty, LinkButton, Loaded, Notice, Page, Prose, Table, Text } from "../ui";
import { Attention } from "./attention";
import { DeadLetters } from "./dead-letters";

type Problem = Schemas["Problem"];

const ORDER = { error: 0, warning: 1 };

export default function ProblemsPage() {
  const query = useProblems();
  useEvents();
  return (
    <Page title="Problems" lead="What is wrong now. A problem disappears from here by itself when it is solved.">
      <Loaded query={query}>
        {(found) => (
          <>
            {found.database && (
              <Notice tone="bad">
                <p>The database could not be asked lately, so changes made elsewhere may be missing.</p>
                <p>
                  <Text>{found.database}</Text>
                </p>
              </Notice>
            )}
            {found.dropped_runs > 0 && (
              <Notice tone="warn">
                <p>
                  {found.dropped_runs.toLocaleString()} runs are missing in the history: the database could not take
                  them in time. The calls themselves were answered.
                </p>
              </Notice>
            )}
            {found.waiting.length > 0 && <Attention items={found.waiting} />}
            <Findings
              problems={found.problems}
              isWell={!found.database && found.dropped_runs === 0 && found.waiting.length === 0}
            />
          </>
        )}
      </Loaded>
      <DeadLetters />
    </Page>
  );
}

function Findings({ problems, isWell }: { problems: readonly Problem[]; isWell: boolean }) {
  // A problem knows its file, the editor goes by the flow's name.
  const flows = useFlows({ limit: 500 });
  const names = new Map(
    flows.data?.flows.flatMap((flow) => [
      [flow.file, flow.name],
      [flow.name, flow.name],
    ]),
  );
  const columns: Column<Problem>[] = [
    {
      key: "severity",
      title: "Severity",
      tight: true,
      show: ({ severity }) => (
        <Badge tone={severity === "warning" ? "warn" : "bad"}>{severity === "warning" ? "Warning" : "Error"}</Badge>
      ),
    },
    { key: "message", title: "What, and how to fix it", show: (problem) => <Prose>{problem.message}</Prose> },
    {
      key: "place",
      title: "Where",
      show: (problem) => <Place problem={problem} name={names.get(problem.file ?? "")} />,
    },
    { key: "code", title: "Code", wide: true, show: ({ code }) => <code>{code}</code> },
  ];
  if (problems.length === 0) {
    if (!isWell) return null;
    return (
      <Empty title="Nothing is wrong" action={<LinkButton href="/flows">Go to the flows</LinkButton>}>
        Mistakes in flows, and trouble with files, packs, connections and the database, will stand here with how to fix
        them.
      </Empty>
    );
  }
  const rows = [...problems].sort((a, b) => ORDER[a.severity ?? "error"] - ORDER[b.severity ?? "error"]);
  return <Table caption="Problems" columns={columns} rows={rows} rowKey={(problem) => JSON.stringify(problem)} />;
}

function Place({ problem, name }: { problem: Problem; name: string | undefined }) {
  const place = `${problem.file || "the installation"}${problem.file ? `:${problem.line ?? 1}:${problem.column ?? 1}` : ""}`;
  if (!name) return <Text>{place}</Text>;
  return (
    <Link href={`/flows/${encodeURIComponent(name)}?line=${problem.line ?? 1}`}>
      <Text>{place}</Text>
    </Link>
  );
}
