// One tool: what clients see of it, and a place to run it.

import { Link, useParams } from "wouter";
import { useEvents } from "../api/events";
import { useRuns, useTool } from "../api/queries";
import { Facts, LinkButton, Loaded, Page, Section, Table, Text, Tree } from "../ui";
import { RUN_COLUMNS } from "./run-columns";
import { Hints, type McpTool } from "./tool-parts";
import { ToolRunner } from "./tool-runner";

const RECENT = 10;

export default function ToolPage() {
  const { name = "" } = useParams<{ name: string }>();
  const query = useTool(name);
  useEvents();
  return (
    <Page
      title={name}
      back={<Link href="/tools">Tools</Link>}
      actions={<LinkButton href={`/flows/${encodeURIComponent(name)}`}>Open the flow</LinkButton>}
    >
      <Loaded query={query}>{(tool) => <Tool tool={tool as McpTool} />}</Loaded>
    </Page>
  );
}

function Tool({ tool }: { tool: McpTool }) {
  return (
    <>
      <p>
        <Text>{tool.description || "It has no description."}</Text>
      </p>
      <Facts
        facts={[
          ["Title", <Text key="title">{tool.title ?? "none"}</Text>],
          ["Effects", <Hints key="hints" tool={tool} />],
        ]}
      />
      <Section title="Run it">
        <ToolRunner tool={tool} />
      </Section>
      <Section title="Input schema">
        <Tree value={tool.inputSchema} label="Input schema" />
      </Section>
      {tool.outputSchema && (
        <Section title="Output schema">
          <Tree value={tool.outputSchema} label="Output schema" />
        </Section>
      )}
      <Recent name={tool.name} />
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
