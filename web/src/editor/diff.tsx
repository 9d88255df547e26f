// A unified diff, line by line.

import css from "./diff.module.css";

const KINDS: Record<string, string> = { "+": "came", "-": "went", "@": "place" };

/** Show a unified diff; the signs at the start of lines say what the colours repeat. */
export function Diff({ text }: { text: string }) {
  if (!text) return <p>Nothing changed.</p>;
  const lines = text.split("\n").filter((line) => !/^(---|\+\+\+) /.test(line));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={css.diff} aria-label="Difference" tabIndex={0}>
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
        <div key={index} data-kind={KINDS[line[0] ?? ""]}>
          {line || " "}
        </div>
      ))}
    </section>
  );
}
