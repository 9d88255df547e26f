// Everything that is wrong with the text, below it; a press goes to the place, and a likely correction is one press.

import type { Schemas } from "../api/client";
import { Button, count, Prose } from "../ui";
import css from "./problem-list.module.css";
import type { Check } from "./use-check";

/** List the problems of the text as it is. */
export function ProblemList({
  check,
  readOnly,
  onPlace,
  onFix,
}: {
  check: Check | null;
  readOnly: boolean;
  onPlace: (line: number, column: number) => void;
  onFix: (fix: Schemas["Fix"]) => void;
}) {
  if (!check) return <p className={css.none}>Checking …</p>;
  const { problems, fixes } = check;
  if (problems.length === 0) {
    return (
      <p className={css.none} role="status">
        No problems.
      </p>
    );
  }
  return (
    <div className={css.frame}>
      <p className={css.count} role="status">
        {count(problems.length, "problem")}
      </p>
      <ul className={css.list} aria-label="Problems">
        {problems.map((problem, index) => (
          <li key={`${problem.line} ${problem.column} ${problem.message}`} data-severity={problem.severity}>
            <button type="button" onClick={() => onPlace(problem.line ?? 1, problem.column ?? 1)}>
              <span className={css.place}>
                {problem.line}:{problem.column}
              </span>
              <span className={css.message}>
                <Prose>{problem.message}</Prose>
              </span>
            </button>
            {!readOnly &&
              fixes
                .filter((fix) => fix.problem === index)
                .map((fix) => (
                  <Button key={fix.label} small onClick={() => onFix(fix)}>
                    {fix.label}
                  </Button>
                ))}
          </li>
        ))}
      </ul>
    </div>
  );
}
