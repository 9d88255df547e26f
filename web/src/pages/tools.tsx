// The tools as clients see them, with how they do.

import { useSearchParams } from "wouter";
import { useEvents } from "../api/events";
import { useTools } from "../api/queries";
import { type Column, count, Empty, LinkButton, Loaded, Page, Pager, Search, Table, Text, usePages } from "../ui";
import { Hints, type McpTool } from "./tool-parts";

const PAGE = 50;

const COLUMNS: Column<McpTool>[] = [
  { key: "name", title: "Tool", show: (tool) => <Text>{tool.name}</Text> },
  { key: "description", title: "Description", wide: true, show: (tool) => <Text>{firstOf(tool.description)}</Text> },
  { key: "hints", title: "Effects", wide: true, show: (tool) => <Hints tool={tool} /> },
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
                rows={page.tools as McpTool[]}
                rowKey={(tool) => tool.name}
                href={(tool) => `/tools/${encodeURIComponent(tool.name)}`}
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
          <LinkButton href="/flows/new">Write a flow</LinkButton>
        </>
      }
    >
      A flow with the input mcp_tool is a tool as soon as it is saved. A pack brings several at once.
    </Empty>
  );
}

function firstOf(text = ""): string {
  const sentence = text.split(/(?<=[.!?])\s/, 1)[0] ?? "";
  return sentence.length > 160 ? `${sentence.slice(0, 160)}…` : sentence;
}
