import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { Button } from "./button";
import css from "./table.module.css";

export type Column<Row> = {
  key: string;
  title: ReactNode;
  show: (row: Row) => ReactNode;
  /** Numbers stand at the end. */
  end?: boolean;
  /** Short words that stay on one line. */
  tight?: boolean;
  /** Left out in narrow windows. */
  wide?: boolean;
};

/** Rows in columns.  With `href` the first cell links to the row's page, and the whole row takes the click. */
export function Table<Row>({
  caption,
  columns,
  rows,
  rowKey,
  href,
  fresh,
}: {
  caption: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  href?: (row: Row) => string;
  /** Whether a row came while one looked. */
  fresh?: (row: Row) => boolean;
}) {
  const [frame, scrolls] = useScrolls();
  return (
    <section
      ref={frame}
      className={css.frame}
      aria-label={scrolls ? caption : undefined}
      tabIndex={scrolls ? 0 : undefined}
    >
      <table className={css.table}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" data-end={column.end} data-wide={column.wide}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} data-link={Boolean(href)} data-fresh={fresh?.(row) || undefined}>
              {columns.map((column, index) => (
                <td key={column.key} data-end={column.end} data-tight={column.tight} data-wide={column.wide}>
                  {href && index === 0 ? (
                    <Link href={href(row)} className={css.link}>
                      {column.show(row)}
                    </Link>
                  ) : (
                    column.show(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Whether an element holds more than its width shows, as it is now. */
function useScrolls(): [RefObject<HTMLElement | null>, boolean] {
  const element = useRef<HTMLElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const watched = element.current;
    if (!watched) return;
    const observer = new ResizeObserver(() => setScrolls(watched.scrollWidth > watched.clientWidth));
    observer.observe(watched);
    return () => observer.disconnect();
  }, []);
  return [element, scrolls];
}

/** Where one is in a list that the server pages: the cursors that led here.  `key` starts anew when it changes. */
export function usePages(key = "") {
  const [state, setState] = useState<{ key: string; cursors: string[] }>({ key, cursors: [] });
  const cursors = state.key === key ? state.cursors : [];
  return {
    after: cursors.at(-1),
    number: cursors.length + 1,
    forward: (next: string) => setState({ key, cursors: [...cursors, next] }),
    back: () => setState({ key, cursors: cursors.slice(0, -1) }),
  };
}

/** The foot of a paged list. */
export function Pager({
  pages,
  next,
  children,
}: {
  pages: ReturnType<typeof usePages>;
  next: string | null;
  children?: ReactNode;
}) {
  if (!next && pages.number === 1) return children ? <div className={css.pager}>{children}</div> : null;
  return (
    <nav className={css.pager} aria-label="Pages of the list">
      <span>{children}</span>
      <span>Page {pages.number}</span>
      <Button small disabled={pages.number === 1} onClick={pages.back}>
        Previous
      </Button>
      <Button small disabled={!next} onClick={() => next && pages.forward(next)}>
        Next
      </Button>
    </nav>
  );
}
