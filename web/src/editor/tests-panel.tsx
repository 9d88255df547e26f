// The tests that stand in the flow, and how they go on the text as it is.

import { useState } from "react";
import { api, ask, type Schemas } from "../api/client";
import { Badge, Button, CodeBlock, count, duration, Empty, Failure, Text } from "../ui";
import css from "./trace.module.css";
import type { Check } from "./use-check";

type Results = Schemas["TestsOut"];

/** The last results, and the text that they are about. */
type TestState = { text: string; results: Results | null; error: unknown };

/** Not run yet. */
export const NOT_TESTED: TestState = { text: "", results: null, error: null };

/** Run the tests of the flow. */
export function TestsPanel({
  text,
  check,
  state,
  onState,
  onLine,
}: {
  text: string;
  check: Check | null;
  state: TestState;
  onState: (state: TestState) => void;
  onLine: (line: number) => void;
}) {
  const [busy, setBusy] = useState(false);
  if (!check?.is_valid) {
    return <Empty title="Not ready to run">The text has problems. They stand below it, each with its line.</Empty>;
  }
  if (check.tests.length === 0) {
    return (
      <Empty title="No tests yet">
        Under <code>tests:</code> a flow holds example runs: arguments, results of steps, and what is expected. They
        show others what it does, and that it still does it.
      </Empty>
    );
  }
  const run = async () => {
    setBusy(true);
    try {
      onState({ text, results: await ask(api.POST("/api/test", { body: { text } })), error: null });
    } catch (error) {
      onState({ text, results: null, error });
    } finally {
      setBusy(false);
    }
  };
  const results = state.text === text ? state.results : null;
  return (
    <div className="stack">
      <header className={css.head}>
        <Button tone="primary" busy={busy} onClick={run}>
          Run {count(check.tests.length, "test")}
        </Button>
        {results && (
          <span role="status">
            {results.passed} passed, {results.failed} failed
          </span>
        )}
        {!results && state.results && <span>The text changed since the last run.</span>}
      </header>
      {state.error !== null && <Failure error={state.error} />}
      <ol className={css.steps} aria-label="Tests">
        {check.tests.map((test, index) => {
          const report = results?.tests[index];
          return (
            <li key={test.name}>
              <div className={css.test}>
                <span className={css.name}>
                  <Text>{test.name}</Text>
                </span>
                <span className={css.end}>
                  {report && <span>{duration(report.duration)}</span>}
                  {report && (
                    <Badge tone={report.difference ? "bad" : "ok"}>{report.difference ? "failed" : "passed"}</Badge>
                  )}
                  {report && (
                    <Button small tone="quiet" onClick={() => onLine(report.line)}>
                      line {report.line}
                    </Button>
                  )}
                </span>
              </div>
              {report?.difference && (
                <div className={css.body}>
                  <CodeBlock text={report.difference} label={`Difference in ${test.name}`} />
                </div>
              )}
            </li>
          );
        })}
      </ol>
    </div>
  );
}
