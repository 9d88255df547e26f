import type { Schemas } from "../api/client";
import { type Column, duration, Text, Time, zone } from "../ui";
import { OutcomeBadge } from "./outcome";

type Run = Schemas["RunSummary"];

const MESSAGE_LENGTH = 140;

/** The columns of lists of runs of one tool. */
export const RUN_COLUMNS: Column<Run>[] = [
  { key: "started", title: `Started (${zone()})`, tight: true, show: (run) => <Time at={run.started} /> },
  { key: "outcome", title: "Outcome", show: (run) => <OutcomeBadge outcome={run.outcome} /> },
  { key: "message", title: "Error", wide: true, show: (run) => <Text>{shortened(run.message)}</Text> },
  { key: "caller", title: "Caller", wide: true, show: (run) => <Text>{run.caller}</Text> },
  { key: "source", title: "By", wide: true, tight: true, show: (run) => <Text>{run.source}</Text> },
  { key: "duration", title: "Took", end: true, show: (run) => duration(run.duration) },
];

/** The columns of lists of all runs. */
export const ALL_RUN_COLUMNS: Column<Run>[] = [
  { key: "tool", title: "Tool", show: (run) => <Text>{run.tool || run.flow}</Text> },
  ...RUN_COLUMNS.slice(1),
  { key: "started", title: `Started (${zone()})`, end: true, show: (run) => <Time at={run.started} /> },
];

function shortened(text: string): string {
  return text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH)}…` : text;
}
