// Runs that nobody waited for and that failed for good: look at each, run it again, or let it go.

import { Link } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { useDeadLetters } from "../api/queries";
import { ActionButton, type Column, Loaded, Pager, Section, Table, Text, Time, usePages } from "../ui";

type Letter = Schemas["DeadLetterOut"];

const COLUMNS: Column<Letter>[] = [
  {
    key: "flow",
    title: "Flow",
    show: ({ flow, run }) => (
      <Link href={`/runs/${run}`}>
        <Text>{flow}</Text>
      </Link>
    ),
  },
  { key: "error", title: "Why", show: ({ error }) => <Text>{error.message}</Text> },
  { key: "source", title: "By", wide: true, show: ({ source }) => <Text>{source}</Text> },
  { key: "attempts", title: "Tries", wide: true, end: true, show: ({ attempts }) => attempts.toLocaleString() },
  { key: "died", title: "Set aside", wide: true, end: true, show: ({ died }) => <Time at={died} /> },
  {
    key: "actions",
    title: <span className="visually-hidden">Actions</span>,
    end: true,
    show: (letter) => <Actions letter={letter} />,
  },
];

/** The runs that were set aside; nothing while there are none. */
export function DeadLetters() {
  const pages = usePages();
  const query = useDeadLetters(pages.after);
  return (
    <Loaded query={query} lines={2}>
      {(found) =>
        found.total > 0 && (
          <Section title="Runs that were set aside">
            <p>
              Schedules and webhooks started them. They failed as often as their flow allows, and wait for you here.
            </p>
            <Table
              caption="Runs that were set aside"
              columns={COLUMNS}
              rows={found.dead_letters}
              rowKey={({ run }) => run}
            />
            <Pager pages={pages} next={found.next}>
              {found.total.toLocaleString()} in all, {found.waiting.toLocaleString()} others under way
            </Pager>
          </Section>
        )
      }
    </Loaded>
  );
}

function Actions({ letter }: { letter: Letter }) {
  const path = { run_id: letter.run };
  const stale = ["dead-letters", "runs"];
  return (
    <span className="row">
      <ActionButton
        small
        act={() => ask(api.POST("/api/dead-letters/{run_id}/rerun", { params: { path } }))}
        done={() => `${letter.flow} runs again.`}
        stale={stale}
      >
        Run again<span className="visually-hidden">: {letter.flow}</span>
      </ActionButton>
      <ActionButton
        small
        tone="danger"
        sure={{
          title: `Drop this run of ${letter.flow}?`,
          text: "It will not run again. Its record stays in the history.",
          action: "Drop",
        }}
        act={() => ask(api.DELETE("/api/dead-letters/{run_id}", { params: { path } }))}
        stale={stale}
      >
        Drop<span className="visually-hidden">: {letter.flow}</span>
      </ActionButton>
    </span>
  );
}
