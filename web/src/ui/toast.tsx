import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import { wordsOf } from "../api/client";
import { Button } from "./button";
import { Prose } from "./text";
import css from "./toast.module.css";

const SHOWN_MILLISECONDS = 6000;

type Toast = { id: number; tone: "ok" | "bad"; text: string; fix: string };
type Tell = { done: (text: string) => void; failed: (error: unknown) => void };

const Context = createContext<Tell>({ done: () => undefined, failed: () => undefined });
let ids = 0;

/** Say in a corner that something was done, or why it failed; failures stay until they are closed. */
export function useToast(): Tell {
  return useContext(Context);
}

/** Shows what `useToast` says. */
export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const close = useCallback((id: number) => setToasts((all) => all.filter((each) => each.id !== id)), []);
  const tell = useMemo<Tell>(() => {
    const show = (toast: Omit<Toast, "id">) => {
      const id = ++ids;
      setToasts((all) => [...all.slice(-3), { id, ...toast }]);
      if (toast.tone === "ok") window.setTimeout(() => close(id), SHOWN_MILLISECONDS);
    };
    return {
      done: (text) => show({ tone: "ok", text, fix: "" }),
      failed: (error) => {
        const { message, fix } = wordsOf(error);
        show({ tone: "bad", text: message, fix });
      },
    };
  }, [close]);
  return (
    <Context value={tell}>
      {children}
      <section className={css.toasts} aria-label="Messages" aria-live="polite">
        {toasts.map((toast) => (
          <div
            key={toast.id}
            className={css.toast}
            data-tone={toast.tone}
            role={toast.tone === "bad" ? "alert" : undefined}
          >
            <p>
              <Prose>{toast.text}</Prose> {toast.fix && <Prose>{toast.fix}</Prose>}
            </p>
            <Button tone="quiet" small aria-label="Close message" onClick={() => close(toast.id)}>
              ✕
            </Button>
          </div>
        ))}
      </section>
    </Context>
  );
}
