// All flows: where they come from, how they are, when they last ran.  Search and filter stand in the address.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { useEvents } from "../api/events";
import { FlowSwitch } from "../flows/flow-switch";
import {
  Badge,
  type Column,
  count,
  Empty,
  LinkButton,
  Loaded,
  Page,
  Pager,
  Table,
  Text,
  Time,
  usePages,
  visible,
} from "../ui";
import { FlowFilters, filterOf } from "./flow-filters";
import css from "./flows.module.css";
import { OutcomeBadge } from "./outcome";

type Flow = Schemas["FlowSummary"];
type Runs = Record<string, Schemas["RunSummary"]>;

const PAGE = 50;

export default function FlowsPage() {
  const [params] = useSearchParams();
  const pages = usePages(params.toString());
  const query = useFlowList(params, pages.after);
  useEvents();
  return (
    <Page
      title="Flows"
      lead="YAML that becomes tools. A flow is live as soon as it is saved."
      actions={
        <LinkButton tone="primary" href="/flows/_new">
          New flow
        </LinkButton>
      }
    >
      <FlowFilters />
      <Loaded query={query} lines={10}>
        {(page) =>
          page.flows.length === 0 ? (
            <NoFlows isFiltered={params.size > 0} />
          ) : (
            <>
              <Table
                caption="Flows"
                columns={columnsWith(page.runs ?? {})}
                rows={page.flows}
                rowKey={(flow) => flow.name}
                href={(flow) => `/flows/${encodeURIComponent(flow.name)}`}
              />
              <Pager pages={pages} next={page.next}>
                {count(page.total, "flow")}
              </Pager>
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function useFlowList(params: URLSearchParams, after: string | undefined) {
  const query = { ...filterOf(params), ...(after && { after }), with_runs: true, limit: PAGE };
  return useQuery({
    queryKey: ["flows", query],
    queryFn: () => ask(api.GET("/api/flows", { params: { query } })),
    placeholderData: keepPreviousData,
  });
}

function columnsWith(runs: Runs): Column<Flow>[] {
  return [
    { key: "name", title: "Flow", show: (flow) => <Text>{flow.name}</Text> },
    { key: "about", title: "What it does", wide: true, show: (flow) => <About flow={flow} /> },
    { key: "state", title: "State", show: (flow) => <StateOf flow={flow} /> },
    { key: "origin", title: "From", wide: true, show: (flow) => <OriginOf flow={flow} /> },
    { key: "run", title: "Last run", wide: true, show: (flow) => <LastRun run={runs[flow.name]} /> },
    {
      key: "switch",
      title: <span className="visually-hidden">Switch</span>,
      end: true,
      show: (flow) => <FlowSwitch flow={flow} small />,
    },
  ];
}

function About({ flow }: { flow: Flow }) {
  const text = flow.title || flow.description;
  return (
    <span className="muted">
      <Text>{text.length > 110 ? `${text.slice(0, 110)}…` : text}</Text>
    </span>
  );
}

function StateOf({ flow }: { flow: Flow }) {
  return (
    <span className="row">
      {!flow.enabled && <Badge>off</Badge>}
      {flow.enabled && flow.is_served && flow.is_valid && <Badge tone="ok">live</Badge>}
      {flow.enabled && flow.is_served && !flow.is_valid && <Badge tone="warn">last good version live</Badge>}
      {flow.enabled && !flow.is_served && <Badge tone="bad">not live</Badge>}
      {flow.errors > 0 && <Badge tone="bad">{count(flow.errors, "error")}</Badge>}
      {flow.warnings > 0 && <Badge tone="warn">{count(flow.warnings, "warning")}</Badge>}
    </span>
  );
}

function OriginOf({ flow }: { flow: Flow }) {
  if (flow.origin === "pack") {
    return (
      <>
        pack{" "}
        <Link href={`/packs/installed/${encodeURIComponent(flow.install)}`}>
          <Text>{flow.install}</Text>
        </Link>
      </>
    );
  }
  return flow.origin === "file" ? (
    <code className={css.file} title={visible(flow.file)}>
      <Text>{flow.file}</Text>
    </code>
  ) : (
    "editor"
  );
}

function LastRun({ run }: { run: Runs[string] | undefined }) {
  if (!run) return <span className="muted">never</span>;
  return (
    <Link href={`/runs/${run.id}`} className={css.run}>
      <Time at={run.started} ago /> <OutcomeBadge outcome={run.outcome} />
    </Link>
  );
}

function NoFlows({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No flow fits" action={<LinkButton href="/flows">Show all flows</LinkButton>}>
        Try another word, or leave out a condition.
      </Empty>
    );
  }
  return (
    <Empty
      title="No flows yet"
      action={
        <>
          <LinkButton tone="primary" href="/flows/_new">
            Write the first one
          </LinkButton>
          <LinkButton href="/packs">Install a pack</LinkButton>
        </>
      }
    >
      A flow is a dozen lines of YAML that become a tool. A pack brings several that are ready.
    </Empty>
  );
}
