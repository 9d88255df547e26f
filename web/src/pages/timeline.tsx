// The steps of a run in time: a table whose last column is drawn.

import { Link } from "wouter";
import { Badge, duration, Text, type Tone } from "../ui";
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
  return (
    <div className={css.frame}>
      <table className={css.table}>
        <caption className="visually-hidden">Steps of the run</caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Outcome</th>
            <th scope="col" className={css.end}>
              After
            </th>
            <th scope="col" className={css.end}>
              Took
            </th>
            <th scope="col" className={css.lane}>
              <span className="visually-hidden">Drawn</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a step may run several times, and the list never changes
            <Row key={index} step={step} total={total} flow={flow} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ step, total, flow }: { step: Step; total: number; flow: string }) {
  const left = Math.min(99.5, (100 * step.started) / Math.max(1, total));
  const width = Math.max(0.5, Math.min(100 - left, (100 * step.duration) / Math.max(1, total)));
  return (
    <>
      <tr data-error={Boolean(step.error)}>
        <th scope="row">
          <Link href={`/flows/${encodeURIComponent(flow)}?step=${encodeURIComponent(step.id)}`}>
            <Text>{step.id}</Text>
          </Link>{" "}
          <span className={css.component}>
            <Text>{step.component}</Text>
          </span>
        </th>
        <td>
          <Badge tone={TONES[step.outcome]}>{WORDS[step.outcome]}</Badge>
          {(step.attempts ?? 1) > 1 && <span className={css.component}> {step.attempts} tries</span>}
        </td>
        <td className={css.end}>{duration(step.started)}</td>
        <td className={css.end}>{duration(step.duration)}</td>
        <td className={css.lane} aria-hidden="true">
          <div className={css.track}>
            <div className={css.bar} data-outcome={step.outcome} style={{ left: `${left}%`, width: `${width}%` }} />
          </div>
        </td>
      </tr>
      {step.error && (
        <tr>
          <td colSpan={5} className={css.error}>
            <Text>{step.error}</Text>
          </td>
        </tr>
      )}
    </>
  );
}
