// The steps of a run in time: a table whose last column is drawn.

import { Link } from "wouter";
import { Badge, type Column, duration, Table, Text, type Tone } from "../ui";
import css from "./timeline.module.css";

/** What became of one step.  Times are in microseconds; `started` counts from the start of the run. */
export type Step = {
  id: string;
  component: string;
  outcome: "ok" | "skipped" | "handled" | "failed" | "cancelled";
  started: number;
  duration: number;
  attempts?: number;
  error?: string;
};

const TONES: Record<Step["outcome"], Tone> = {
  ok: "ok",
  skipped: "info",
  handled: "warn",
  failed: "bad",
  cancelled: "info",
};
const WORDS: Record<Step["outcome"], string> = {
  ok: "OK",
  skipped: "Skipped",
  handled: "Failed, handled",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** The steps in the order in which they began; `total` is the length of the run in microseconds. */
export function Timeline({ steps, total, flow }: { steps: readonly Step[]; total: number; flow: string }) {
  if (steps.length === 0) return <p>No step ran.</p>;
  const columns: Column<Step & { index: number }>[] = [
    { key: "step", title: "Step", show: (step) => <Name step={step} flow={flow} /> },
    { key: "outcome", title: "Outcome", tight: true, show: (step) => <Outcome step={step} /> },
    { key: "after", title: "After", end: true, show: ({ started }) => duration(started) },
    { key: "took", title: "Took", end: true, show: (step) => duration(step.duration) },
    {
      key: "drawn",
      title: <span className="visually-hidden">Drawn</span>,
      wide: true,
      show: (step) => <Lane step={step} total={Math.max(1, total)} />,
    },
  ];
  const rows = steps.map((step, index) => ({ ...step, index })); // a step may run several times
  return <Table caption="Steps of the run" columns={columns} rows={rows} rowKey={({ index }) => String(index)} />;
}

function Name({ step, flow }: { step: Step; flow: string }) {
  return (
    <>
      <Link href={`/flows/${encodeURIComponent(flow)}?step=${encodeURIComponent(step.id)}`}>
        <Text>{step.id}</Text>
      </Link>{" "}
      <span className="small">
        <Text>{step.component}</Text>
      </span>
      {step.error && (
        <div className={css.error}>
          <Text>{step.error}</Text>
        </div>
      )}
    </>
  );
}

function Outcome({ step }: { step: Step }) {
  return (
    <>
      <Badge tone={TONES[step.outcome]}>{WORDS[step.outcome]}</Badge>
      {(step.attempts ?? 1) > 1 && <span className="small"> {step.attempts} tries</span>}
    </>
  );
}

function Lane({ step, total }: { step: Step; total: number }) {
  const left = Math.min(99.5, (100 * step.started) / total);
  const width = Math.max(0.5, Math.min(100 - left, (100 * step.duration) / total));
  return (
    <div className={css.lane} aria-hidden="true">
      <div className={css.bar} data-outcome={step.outcome} style={{ left: `${left}%`, width: `${width}%` }} />
    </div>
  );
}
