import { createContext, type ReactNode, useCallback, useContext, useState } from "react";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { Text } from "./text";

/** What is asked before something is done. */
export type Question = { title: string; text: ReactNode; action: string; danger?: boolean };
type Ask = (question: Question) => Promise<boolean>;

const Context = createContext<Ask>(async () => false);

/** Return a function that asks before something is done, and resolves to the answer. */
export function useConfirm(): Ask {
  return useContext(Context);
}

/** Shows the questions of `useConfirm`. */
export function Confirms({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState<(Question & { answer: (yes: boolean) => void }) | null>(null);
  const ask = useCallback<Ask>((question) => new Promise((answer) => setOpen({ ...question, answer })), []);
  const close = (yes: boolean) => {
    open?.answer(yes);
    setOpen(null);
  };
  return (
    <Context value={ask}>
      {children}
      {open && (
        <Dialog
          title={open.title}
          onClose={() => close(false)}
          actions={
            <>
              <Button onClick={() => close(false)}>Cancel</Button>
              <Button tone={open.danger ? "danger" : "primary"} onClick={() => close(true)}>
                {open.action}
              </Button>
            </>
          }
        >
          <div>{typeof open.text === "string" ? <Text>{open.text}</Text> : open.text}</div>
        </Dialog>
      )}
    </Context>
  );
}
