import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { Button } from "./button";
import css from "./dialog.module.css";
import { Text } from "./text";

/** A modal dialog: the native one, so focus stays inside and Escape closes it. */
export function Dialog({
  title,
  onClose,
  actions,
  wide = false,
  children,
}: {
  title: string;
  onClose: () => void;
  actions?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // A layout effect, because it must be closed before it leaves the page: closing gives the focus back.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    shown?.querySelector<HTMLElement>("input, select, textarea")?.focus();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={css.dialog}
      data-wide={wide}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault(); // it is closed by leaving the tree
        onClose();
      }}
    >
      <header className={css.head}>
        <h2 id={id}>
          <Text>{title}</Text>
        </h2>
        <Button tone="quiet" small onClick={onClose} aria-label="Close">
          ✕
        </Button>
      </header>
      <div className={css.body}>{children}</div>
      {actions && <footer className={css.foot}>{actions}</footer>}
    </dialog>
  );
}
