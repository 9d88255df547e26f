// The history: what was called, by whom, and how it ended.  The filter stands in the address.

import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import type { Schemas } from "../api/client";
import { useEvents } from "../api/events";
import { type RunFilter, useRuns } from "../api/queries";
import { Button, Empty, LinkButton, Loaded, Page, Pager, Table, usePages } from "../ui";
import { ALL_RUN_COLUMNS } from "./run-columns";
import { filterOf, RunFilters } from "./run-filters";

type Run = Schemas["RunSummary"];

export default function RunsPage() {
  const [params] = useSearchParams();
  const [isLive, setLive] = useState(true);
  const filter = filterOf(params);
  const isFiltered = params.size > 0;
  const pages = usePages(params.toString());
  const query = useRuns({ ...filter, after: pages.after });
  useEvents(isLive && !pages.after);
  return (
    <Page
      title="Runs"
      lead="Every call of a tool, and every run that started by itself."
      actions={
        <Button aria-pressed={isLive} onClick={() => setLive(!isLive)}>
          {isLive ? "Stop following" : "Follow live"}
        </Button>
      }
    >
      <RunFilters />
      <Loaded query={query} lines={12}>
        {(page) =>
          page.runs.length === 0 ? (
            <NoRuns isFiltered={isFiltered} />
          ) : (
            <>
              <Runs runs={page.runs} filter={filter} />
              <Pager pages={pages} next={page.next}>
                {isLive && !pages.after ? "New runs appear here as they happen." : "The newest first."}
              </Pager>
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

/** Runs in a table.  Those that came since the filter was chosen are marked for a moment. */
function Runs({ runs, filter }: { runs: readonly Run[]; filter: RunFilter }) {
  const seen = useRef({ filter: "", newest: "" });
  const key = JSON.stringify(filter);
  const before = seen.current.filter === key ? seen.current.newest : "";
  useEffect(() => {
    seen.current = { filter: key, newest: runs[0]?.id ?? "" };
  });
  return (
    <Table
      caption="Runs"
      columns={ALL_RUN_COLUMNS}
      rows={runs}
      rowKey={(run) => run.id}
      href={(run) => `/runs/${run.id}`}
      fresh={(run) => before !== "" && run.id > before}
    />
  );
}

function NoRuns({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No run fits this filter" action={<LinkButton href="/runs">Show all runs</LinkButton>}>
        Choose a longer time, or leave out a condition.
      </Empty>
    );
  }
  return (
    <Empty
      title="Nothing has run yet"
      action={
        <>
          <LinkButton tone="primary" href="/tools">
            Run a tool here
          </LinkButton>
          <LinkButton href="/settings/tokens">Connect a client</LinkButton>
        </>
      }
    >
      Each call of a tool will stand here with its steps, what went in and what came out.
    </Empty>
  );
}
