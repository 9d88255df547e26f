import { type ReactNode, useState } from "react";
import { CopyButton } from "./code";
import { visible } from "./text";
import css from "./tree.module.css";

const LONG_TEXT = 600;
const MANY_ENTRIES = 100;
const OPEN_DEPTH = 2;

/** A JSON value as a tree that folds.  Everything in it is text. */
export function Tree({ value, label }: { value: unknown; label: string }) {
  return (
    <div className={css.frame}>
      <span className={css.copy}>
        <CopyButton text={JSON.stringify(value, null, 2)} label={label} />
      </span>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={css.tree} aria-label={label} tabIndex={0}>
        <Node value={value} depth={0} />
      </section>
    </div>
  );
}

function Node({ name, value, depth }: { name?: string; value: unknown; depth: number }) {
  const key = name === undefined ? null : <span className={css.key}>{visible(name)}: </span>;
  if (value === null || typeof value !== "object") {
    return (
      <div className={css.leaf}>
        {key}
        <Leaf value={value} />
      </div>
    );
  }
  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  if (entries.length === 0) {
    return (
      <div className={css.leaf}>
        {key}
        <span className={css.note}>{isList ? "[ ]" : "{ }"}</span>
      </div>
    );
  }
  return (
    <details className={css.branch} open={depth < OPEN_DEPTH && entries.length <= MANY_ENTRIES}>
      <summary>
        {key ?? <span className={css.key}>{isList ? "list" : "object"} </span>}
        <span className={css.note}>{isList ? `[${entries.length}]` : `{${entries.length}}`}</span>
      </summary>
      <Entries entries={entries} depth={depth} />
    </details>
  );
}

function Entries({ entries, depth }: { entries: [string, unknown][]; depth: number }) {
  const [shown, setShown] = useState(MANY_ENTRIES);
  return (
    <div className={css.entries}>
      {entries.slice(0, shown).map(([name, value]) => (
        <Node key={name} name={name} value={value} depth={depth + 1} />
      ))}
      {entries.length > shown && (
        <More onClick={() => setShown(shown + MANY_ENTRIES * 5)}>{entries.length - shown} more</More>
      )}
    </div>
  );
}

function Leaf({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false);
  if (typeof value !== "string") {
    return <span className={typeof value === "number" ? css.number : css.word}>{String(value)}</span>;
  }
  const cut = !whole && value.length > LONG_TEXT;
  return (
    <>
      <bdi className={css.string}>{visible(JSON.stringify(cut ? value.slice(0, LONG_TEXT) : value))}</bdi>
      {cut && <More onClick={() => setWhole(true)}>all {value.length.toLocaleString()} characters</More>}
    </>
  );
}

function More({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <button type="button" className={css.more} onClick={onClick}>
      … {children}
    </button>
  );
}
