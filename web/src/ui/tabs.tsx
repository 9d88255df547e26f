import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import css from "./tabs.module.css";

export type Tab = { key: string; title: ReactNode; show: () => ReactNode };

/** Several views in one place; arrow keys go from one to the next.  With `selected` the page decides which is shown. */
export function Tabs({
  label,
  tabs,
  selected,
  onSelect,
}: {
  label: string;
  tabs: Tab[];
  selected?: string;
  onSelect?: (key: string) => void;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [own, setOwn] = useState(tabs[0]?.key);
  const key = selected ?? own;
  const setKey = (next: string) => {
    setOwn(next);
    onSelect?.(next);
  };
  const shown = tabs.find((tab) => tab.key === key) ?? tabs[0];
  if (!shown) return null;
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = step && tabs[(tabs.indexOf(shown) + step + tabs.length) % tabs.length];
    if (!next) return;
    setKey(next.key);
    list.current?.querySelector<HTMLElement>(`[data-key="${next.key}"]`)?.focus();
  };
  return (
    <div>
      <div ref={list} role="tablist" aria-label={label} className={css.tabs} onKeyDown={move}>
        {tabs.map((tab) => (
          <button
            key={tab.key}
            type="button"
            role="tab"
            id={`${id}-${tab.key}`}
            data-key={tab.key}
            aria-selected={tab === shown}
            aria-controls={`${id}-panel`}
            tabIndex={tab === shown ? 0 : -1}
            onClick={() => setKey(tab.key)}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${shown.key}`} className={css.panel}>
        {shown.show()}
      </div>
    </div>
  );
}
