import css from "./meter.module.css";

/** How much of what there is is used: in numbers, and drawn. */
export function Meter({ label, value, most }: { label: string; value: number; most: number }) {
  return (
    <span className={css.meter}>
      <meter aria-label={label} min={0} max={most} high={most * 0.9} value={value} />
      {value.toLocaleString()} of {most.toLocaleString()}
    </span>
  );
}
