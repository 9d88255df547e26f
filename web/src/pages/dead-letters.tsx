// Runs that nobody waited for and that failed for good: look at each, run it again, or let it go.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { useDeadLetters } from "../api/queries";
import { Button, type Column, Loaded, Pager, Section, Table, Text, Time, useConfirm, usePages, useToast } from "../ui";
import css from "./run-filters.module.css";

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
  const queries = useQueryClient();
  const tell = useToast();
  const confirm = useConfirm();
  const path = { run_id: letter.run };
  const onSettled = () => queries.invalidateQueries({ queryKey: ["dead-letters"] });
  const rerun = useMutation({
    mutationFn: () => ask(api.POST("/api/dead-letters/{run_id}/rerun", { params: { path } })),
    onSuccess: () => tell.done(`${letter.flow} runs again.`),
    onError: tell.failed,
    onSettled,
  });
  const drop = useMutation({
    mutationFn: () => ask(api.DELETE("/api/dead-letters/{run_id}", { params: { path } })),
    onError: tell.failed,
    onSettled,
  });
  const startDrop = async () => {
    const text = "It will not run again. Its record stays in the history.";
    if (await confirm({ title: `Drop this run of ${letter.flow}?`, text, action: "Drop", danger: true })) drop.mutate();
  };
  return (
    <span className={css.actions}>
      <Button small busy={rerun.isPending} onClick={() => rerun.mutate()}>
        Run again<span className="visually-hidden">: {letter.flow}</span>
      </Button>
      <Button small tone="danger" busy={drop.isPending} onClick={startDrop}>
        Drop<span className="visually-hidden">: {letter.flow}</span>
      </Button>
    </span>
  );
}
