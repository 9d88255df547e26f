// What the server says about the text, asked for when the typing pauses; answers for an older text are dropped.

import { useEffect, useState } from "react";
import { api, ask, type Schemas } from "../api/client";

export type Check = Schemas["CheckOut"];
export type Part = Schemas["Part"];

const PAUSE_MILLISECONDS = 250;

/** The last answer, the text that it is about, and why there is none. */
type Checked = { check: Check | null; text: string; error: unknown };

/** Follow a text with checks. */
export function useCheck(text: string | undefined, file = ""): Checked {
  const [checked, setChecked] = useState<Checked>({ check: null, text: "", error: null });
  useEffect(() => {
    if (text === undefined) return;
    const stop = new AbortController();
    const timer = window.setTimeout(async () => {
      try {
        const check = await ask(api.POST("/api/check", { body: { text, file }, signal: stop.signal }));
        if (!stop.signal.aborted) setChecked({ check, text, error: null });
      } catch (error) {
        if (!stop.signal.aborted) setChecked((before) => ({ ...before, error }));
      }
    }, PAUSE_MILLISECONDS);
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [text, file]);
  return checked;
}

/** The innermost part at a line that is no branch. */
export function partAt(parts: readonly Part[], line: number): Part | undefined {
  return parts.findLast((part) => part.kind !== "branch" && part.line <= line && line <= part.end_line);
}
