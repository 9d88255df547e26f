import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { wordsOf } from "../api/client";
import { Button } from "./button";
import css from "./page.module.css";
import { Prose, Text, visible } from "./text";

type Query<T> = Pick<UseQueryResult<T>, "data" | "error" | "isFetching" | "refetch">;

/** The frame of every page: its title, what can be done here, and the page itself. */
export function Page({
  title,
  lead,
  actions,
  back,
  wide = false,
  children,
}: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  back?: ReactNode;
  /** Takes the whole width of the window, for what needs all the room there is. */
  wide?: boolean;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${visible(title)} · Headrace`;
  }, [title]);
  useEffect(() => {
    // Who goes to another page starts at its top, with the keyboard too; who just opened the first one is there already.
    if (document.activeElement !== document.body) heading.current?.focus();
  }, []);
  return (
    <div className={css.page} data-wide={wide || undefined}>
      {back && <div className={css.back}>{back}</div>}
      <header className={css.head}>
        <div className={css.titles}>
          <h1 ref={heading} tabIndex={-1}>
            <Text>{title}</Text>
          </h1>
          {lead && <div className={css.lead}>{lead}</div>}
        </div>
        {actions && <div className={css.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** The page of one thing: itself once it is there; until then, and where it cannot be shown, a page with its name. */
export function PageOf<T>({
  title,
  back,
  query,
  children,
}: {
  title: string;
  back: ReactNode;
  query: Query<T>;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  return (
    <Page title={title} back={back}>
      <Loaded query={query}>{() => null}</Loaded>
    </Page>
  );
}

/** A part of a page with a heading of its own. */
export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className={css.section}>
      <header className={css.head}>
        <h2>{title}</h2>
        {actions && <div className={css.actions}>{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** A surface that holds what belongs together. */
export function Card({ children }: { children: ReactNode }) {
  return <div className={css.card}>{children}</div>;
}

/** Facts: names and values, in as many columns as fit. */
export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  return (
    <dl className={css.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === "string" ? <Text>{value}</Text> : value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What a query brought; a shape of it while it loads; why not, and a way to try again, when it failed. */
export function Loaded<T>({
  query,
  lines = 6,
  children,
}: {
  query: Query<T>;
  lines?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) {
    return (
      <>
        {query.error && <Failure error={query.error} retry={query.refetch} busy={query.isFetching} />}
        {children(query.data)}
      </>
    );
  }
  if (query.error) return <Failure error={query.error} retry={query.refetch} busy={query.isFetching} />;
  return <Skeleton lines={lines} />;
}

/** Why something could not be shown or done, and what to do about it. */
export function Failure({ error, retry, busy }: { error: unknown; retry?: () => unknown; busy?: boolean }) {
  const { message, fix } = wordsOf(error);
  return (
    <div className={css.failure} role="alert">
      <p>
        <Prose>{message}</Prose>
      </p>
      {fix && (
        <p className={css.lead}>
          <Prose>{fix}</Prose>
        </p>
      )}
      {retry && (
        <Button small busy={busy ?? false} onClick={() => retry()}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** The shape of what is being loaded. */
export function Skeleton({ lines }: { lines: number }) {
  return (
    <div className={css.skeleton} role="status">
      <span className="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing else to tell them apart
        <span key={index} />
      ))}
    </div>
  );
}
