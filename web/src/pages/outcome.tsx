import type { Schemas } from "../api/client";
import { Badge, type Tone } from "../ui";

export type Outcome = Schemas["RunSummary"]["outcome"];

/** How a run ended, in words. */
export const OUTCOMES: Record<Outcome, string> = {
  ok: "OK",
  failed: "Failed",
  rejected: "Rejected",
  timeout: "Timed out",
  cancelled: "Cancelled",
};

const TONES: Record<Outcome, Tone> = { ok: "ok", failed: "bad", rejected: "warn", timeout: "bad", cancelled: "info" };

/** How a run ended. */
export function OutcomeBadge({ outcome }: { outcome: Outcome }) {
  return <Badge tone={TONES[outcome]}>{OUTCOMES[outcome]}</Badge>;
}
