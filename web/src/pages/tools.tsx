// The tools as clients see them, with how they do.

import { useSearchParams } from "wouter";
import type { Schemas } from "../api/client";
import { useEvents } from "../api/events";
import { useTools } from "../api/queries";
import {
  Badge,
  type Column,
  count,
  duration,
  Empty,
  LinkButton,
  Loaded,
  Page,
  Pager,
  Search,
  Table,
  Text,
  Time,
  usePages,
} from "../ui";
import { Hints, type McpTool } from "./tool-parts";

const PAGE = 50;

type Facts = Schemas["ToolFactsOut"];
type Row = { tool: McpTool; facts: Facts | undefined };

const COLUMNS: Column<Row>[] = [
  { key: "name", title: "Tool", show: ({ tool }) => <Text>{tool.name}</Text> },
  {
    key: "description",
    title: "Description",
    wide: true,
    show: ({ tool }) => <Text>{firstOf(tool.description)}</Text>,
  },
  { key: "hints", title: "Effects", wide: true, show: ({ tool }) => <Hints tool={tool} /> },
  { key: "origin", title: "From", wide: true, tight: true, show: ({ facts }) => facts && <Origin facts={facts} /> },
  { key: "calls", title: "Calls, 7 d", end: true, show: ({ facts }) => facts?.counts.calls.toLocaleString() },
  { key: "errors", title: "Errors", end: true, show: ({ facts }) => facts && <Errors {...facts.counts} /> },
  { key: "p50", title: "p50", end: true, wide: true, show: ({ facts }) => took(facts, "p50") },
  { key: "p95", title: "p95", end: true, wide: true, show: ({ facts }) => took(facts, "p95") },
  {
    key: "last",
    title: "Last call",
    end: true,
    wide: true,
    show: ({ facts }) => (facts?.counts.last ? <Time at={facts.counts.last} ago /> : "never"),
  },
];

export default function ToolsPage() {
  const [params, setParams] = useSearchParams();
  const search = params.get("search") ?? "";
  const pages = usePages(search);
  const query = useTools({ ...(search && { search }), ...(pages.after && { after: pages.after }), limit: PAGE });
  useEvents();
  return (
    <Page title="Tools" lead="What clients see on /mcp: each is made by a flow, of yours or of a pack.">
      <Search
        label="Search tools"
        value={search}
        onSettled={(text) => setParams(text ? { search: text } : {}, { replace: true })}
      />
      <Loaded query={query} lines={10}>
        {(page) =>
          page.tools.length === 0 ? (
            <NoTools search={search} />
          ) : (
            <>
              <Table
                caption="Tools"
                columns={COLUMNS}
                rows={(page.tools as McpTool[]).map((tool) => ({ tool, facts: page.facts[tool.name] }))}
                rowKey={({ tool }) => tool.name}
                href={({ tool }) => `/tools/${encodeURIComponent(tool.name)}`}
              />
              <Pager pages={pages} next={page.next}>
                {count(page.total, "tool")}
              </Pager>
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

/** Where the flow of a tool is kept. */
export function Origin({ facts }: { facts: Facts }) {
  if (facts.origin !== "pack") return facts.origin === "file" ? "a file" : "the editor";
  return (
    <>
      the pack <Text>{facts.install}</Text>
    </>
  );
}

function Errors({ errors, calls }: Facts["counts"]) {
  if (errors === 0) return calls ? "0" : "";
  return <Badge tone={errors * 10 > calls ? "bad" : "warn"}>{errors.toLocaleString()}</Badge>;
}

function NoTools({ search }: { search: string }) {
  if (search) {
    return (
      <Empty title="No tool fits" action={<LinkButton href="/tools">Show all tools</LinkButton>}>
        Names, titles and descriptions were searched.
      </Empty>
    );
  }
  return (
    <Empty
      title="No tools yet"
      action={
        <>
          <LinkButton tone="primary" href="/packs">
            Install a pack
          </LinkButton>
          <LinkButton href="/flows/_new">Write a flow</LinkButton>
        </>
      }
    >
      A flow with the input mcp_tool is a tool as soon as it is saved. A pack brings several at once.
    </Empty>
  );
}

function took(facts: Facts | undefined, which: "p50" | "p95"): string {
  return facts?.counts.calls ? duration(facts.counts[which]) : "";
}

function firstOf(text = ""): string {
  const sentence = text.split(/(?<=[.!?])\s/, 1)[0] ?? "";
  return sentence.length > 160 ? `${sentence.slice(0, 160)}…` : sentence;
}
