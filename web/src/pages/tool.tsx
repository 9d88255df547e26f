// One tool: what clients see of it, a place to run it, and how it does.

import { Link, useParams } from "wouter";
import { useEvents } from "../api/events";
import { useRuns, useTool } from "../api/queries";
import { Facts, LinkButton, Loaded, Page, Section, Table, Tabs, Text, Tree } from "../ui";
import { RUN_COLUMNS } from "./run-columns";
import { Hints, type McpTool } from "./tool-parts";
import { ToolRunner } from "./tool-runner";
import { ToolStatistics } from "./tool-statistics";

const RECENT = 10;

export default function ToolPage() {
  const { name = "" } = useParams<{ name: string }>();
  const query = useTool(name);
  useEvents();
  return (
    <Page
      title={name}
      back={<Link href="/tools">Tools</Link>}
      lead={query.data && <Text>{(query.data as McpTool).description || "It has no description."}</Text>}
      actions={query.data && <LinkButton href={`/flows/${encodeURIComponent(name)}`}>Open the flow</LinkButton>}
    >
      <Loaded query={query}>{(tool) => <Tool tool={tool as McpTool} />}</Loaded>
    </Page>
  );
}

function Tool({ tool }: { tool: McpTool }) {
  return (
    <>
      <Section title="Run it">
        <ToolRunner tool={tool} />
      </Section>
      <ToolStatistics name={tool.name} />
      <Recent name={tool.name} />
      <Section title="What clients see">
        <Facts
          facts={[
            ["Name", <code key="name">{tool.name}</code>],
            ["Title", <Text key="title">{tool.title ?? String(tool.annotations?.title ?? "none")}</Text>],
            ["Effects", <Hints key="hints" tool={tool} />],
          ]}
        />
        <Tabs
          label="Parts of the definition"
          tabs={[
            {
              key: "input",
              title: "Input schema",
              show: () => <Tree value={tool.inputSchema} label="Input schema" />,
            },
            {
              key: "output",
              title: "Output schema",
              show: () =>
                tool.outputSchema ? <Tree value={tool.outputSchema} label="Output schema" /> : <p>It declares none.</p>,
            },
            { key: "all", title: "Whole definition", show: () => <Tree value={tool} label="Definition" /> },
          ]}
        />
      </Section>
    </>
  );
}

function Recent({ name }: { name: string }) {
  const query = useRuns({ tool: name, limit: RECENT });
  return (
    <Section
      title="Latest runs"
      actions={
        <LinkButton small href={`/runs?tool=${encodeURIComponent(name)}`}>
          All its runs
        </LinkButton>
      }
    >
      <Loaded query={query} lines={4}>
        {({ runs }) =>
          runs.length === 0 ? (
            <p>It has not run yet.</p>
          ) : (
            <Table
              caption="Latest runs"
              columns={RUN_COLUMNS}
              rows={runs}
              rowKey={(run) => run.id}
              href={(run) => `/runs/${run.id}`}
            />
          )
        }
      </Loaded>
    </Section>
  );
}
