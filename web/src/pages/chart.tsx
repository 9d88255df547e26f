// Calls and errors over time: bars for the eye, a table with the same numbers for everybody else.

import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { type Column, count, Table, Time } from "../ui";
import css from "./chart.module.css";

type Point = Schemas["PointOut"];

const HEIGHT = 100;
const GAP = 0.12;
const STEPS = [1, 2, 5, 10];

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

/** The chart of a span of time; each bar leads to the runs behind it. */
export function CallsChart({ points, seconds, tool }: { points: readonly Point[]; seconds: number; tool?: string }) {
  const ticks = ticksTo(Math.max(...points.map((point) => point.calls), 1));
  const top = ticks.at(-1) ?? 1;
  const calls = points.reduce((sum, point) => sum + point.calls, 0);
  const errors = points.reduce((sum, point) => sum + point.errors, 0);
  const isLong = points.length * seconds > 86_400;
  return (
    <figure>
      <div className={css.chart}>
        <div className={css.scale} aria-hidden="true">
          {ticks.toReversed().map((tick) => (
            <span key={tick}>{tick.toLocaleString()}</span>
          ))}
        </div>
        <svg
          className={css.bars}
          viewBox={`0 0 ${points.length} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${count(calls, "call")}, of which ${count(errors, "error")}. The table below has the numbers.`}
        >
          <path
            className={css.grid}
            d={ticks.map((tick) => `M0 ${HEIGHT * (1 - tick / top)}H${points.length}`).join("")}
          />
          {points.map((point, index) => (
            <Bar key={point.start} point={point} index={index} top={top} />
          ))}
        </svg>
        <div className={css.times} aria-hidden="true">
          {marks(points).map((point) => (
            <span key={point.start}>{(isLong ? DAY : CLOCK).format(point.start)}</span>
          ))}
        </div>
      </div>
      <figcaption className={css.legend}>
        <span data-kind="calls">Calls</span>
        <span data-kind="errors">Errors</span>
        <details>
          <summary>As a table</summary>
          <PointTable points={points} seconds={seconds} tool={tool} />
        </details>
      </figcaption>
    </figure>
  );
}

function Bar({ point, index, top }: { point: Point; index: number; top: number }) {
  const good = ((point.calls - point.errors) / top) * HEIGHT;
  const bad = (point.errors / top) * HEIGHT;
  const box = { x: index + GAP, width: 1 - 2 * GAP };
  if (point.calls === 0) return null;
  return (
    <g>
      <title>{`${DAY.format(point.start)} ${CLOCK.format(point.start)}: ${count(point.calls, "call")}, ${count(point.errors, "error")}`}</title>
      <rect {...box} y={HEIGHT - good} height={good} className={css.good} />
      <rect {...box} y={HEIGHT - good - bad} height={bad} className={css.bad} />
    </g>
  );
}

function PointTable({
  points,
  seconds,
  tool,
}: {
  points: readonly Point[];
  seconds: number;
  tool: string | undefined;
}) {
  const only = tool ? `&tool=${encodeURIComponent(tool)}` : "";
  const busy = points.filter((point) => point.calls > 0);
  if (busy.length === 0) return <p>No calls.</p>;
  const columns: Column<Point>[] = [
    {
      key: "from",
      title: "From",
      show: ({ start }) => (
        <Link href={`/runs?range=custom&since=${start}&until=${start + seconds * 1000}${only}`}>
          <Time at={start} />
        </Link>
      ),
    },
    { key: "calls", title: "Calls", end: true, show: ({ calls }) => calls.toLocaleString() },
    { key: "errors", title: "Errors", end: true, show: ({ errors }) => errors.toLocaleString() },
  ];
  return <Table caption="Calls over time" columns={columns} rows={busy} rowKey={({ start }) => String(start)} />;
}

function marks(points: readonly Point[]): readonly Point[] {
  const count = 5;
  const chosen = Array.from({ length: count }, (_, n) => points[Math.round((n * (points.length - 1)) / (count - 1))]);
  return chosen.filter((point): point is Point => point !== undefined);
}

/** Evenly spaced round numbers from nothing to the first that is not below a value: at most five. */
function ticksTo(value: number): number[] {
  const power = 10 ** Math.floor(Math.log10(value / 4));
  const step = Math.max(1, (STEPS.find((each) => each * power * 4 >= value) ?? 10) * power);
  return Array.from({ length: Math.ceil(value / step) + 1 }, (_, index) => index * step);
}
