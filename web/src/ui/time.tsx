// Moments and durations.  Moments are local; their title says the zone.

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "long" });
const ZONE = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" });
const AGO = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "narrow" });

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** The name of the local time zone, for the heads of columns with times. */
export function zone(): string {
  return ZONE.formatToParts().find((part) => part.type === "timeZoneName")?.value ?? "";
}

/** Say how long ago something was, or how long until it is. */
export function relative(at: number, now = Date.now()): string {
  const [unit, size] = STEPS.find(([, length]) => Math.abs(at - now) >= length) ?? ["second", 1000];
  return AGO.format(Math.round((at - now) / size), unit);
}

/** A moment in milliseconds since the epoch: as a clock time, with the day when it is not today's. */
export function Time({ at, ago = false, zoned = false }: { at: number; ago?: boolean; zoned?: boolean }) {
  const moment = new Date(at);
  const shown = ago ? relative(at) : `${dayOf(moment)}${CLOCK.format(moment)}${zoned ? ` ${zone()}` : ""}`;
  return (
    <time dateTime={moment.toISOString()} title={FULL.format(moment)}>
      {shown}
    </time>
  );
}

/** Write a duration of so many microseconds, with three digits that matter. */
export function duration(microseconds: number): string {
  if (microseconds < 1000) return `${Math.round(microseconds)} µs`;
  if (microseconds < 1_000_000) return `${digits(microseconds / 1000)} ms`;
  if (microseconds < 60_000_000) return `${digits(microseconds / 1_000_000)} s`;
  const seconds = Math.round(microseconds / 1_000_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function digits(value: number): string {
  return value.toLocaleString(undefined, { maximumSignificantDigits: 3 });
}

function dayOf(moment: Date): string {
  const now = new Date();
  if (moment.toDateString() === now.toDateString()) return "";
  return `${(moment.getFullYear() === now.getFullYear() ? DAY : DAY_OF_YEAR).format(moment)}, `;
}
