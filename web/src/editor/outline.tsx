// The parts of a flow as a list: the picture for those who read or go by keyboard.

import { PartWords } from "./graph";
import css from "./outline.module.css";
import type { Part } from "./use-check";

/** List the parts; a press on one goes to its text. */
export function Outline({
  parts,
  current,
  onSelect,
}: {
  parts: readonly Part[];
  current: string;
  onSelect: (part: Part) => void;
}) {
  return (
    <ol className={css.list} aria-label="Parts of the flow">
      {parts.map((part) => (
        <li key={part.id} style={{ paddingLeft: part.depth * 16 }}>
          <button
            type="button"
            className={css.part}
            data-kind={part.kind}
            data-severity={part.severity}
            aria-current={part.id === current || undefined}
            onClick={() => onSelect(part)}
          >
            <PartWords part={part} />
            <span className={css.line}>line {part.line}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
