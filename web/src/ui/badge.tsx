import type { ReactNode } from "react";
import css from "./badge.module.css";

export type Tone = "ok" | "bad" | "warn" | "info" | "accent";

/** A word about a state.  The word says it; the colour only repeats it. */
export function Badge({ tone = "info", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={css.badge} data-tone={tone}>
      {children}
    </span>
  );
}

/** A line that somebody should read before the rest. */
export function Notice({ tone = "info", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <div className={css.notice} data-tone={tone}>
      {children}
    </div>
  );
}
