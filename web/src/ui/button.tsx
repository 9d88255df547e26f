import type { ComponentProps } from "react";
import { Link } from "wouter";
import css from "./button.module.css";

type Look = { tone?: "primary" | "plain" | "danger" | "quiet"; small?: boolean };

/** A button.  While `busy` it cannot be pressed again, and says so. */
export function Button({
  tone = "plain",
  small = false,
  busy = false,
  ...rest
}: ComponentProps<"button"> & Look & { busy?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      className={css.button}
      data-tone={tone}
      data-small={small}
      aria-busy={busy || undefined}
      disabled={rest.disabled || busy}
    />
  );
}

/** A link within the pages that looks like a button. */
export function LinkButton({
  tone = "plain",
  small = false,
  href,
  children,
}: Look & { href: string; children: React.ReactNode }) {
  return (
    <Link href={href} className={css.button} data-tone={tone} data-small={small}>
      {children}
    </Link>
  );
}
