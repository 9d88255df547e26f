// Lets in who may be here; shows others how to get in, at the same address, so that they arrive where they wanted.

import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { SIGNED_OUT } from "../api/client";
import { checkSession, useSession } from "../api/session";
import { Failure } from "../ui";
import { FirstRun, SignIn } from "./entrance";
import css from "./entrance.module.css";

/** Shows the pages to who may see them. */
export function Door({ children }: { children: ReactNode }) {
  const session = useSession();
  const queries = useQueryClient();
  useEffect(() => {
    const ask = () => checkSession(queries);
    window.addEventListener(SIGNED_OUT, ask);
    return () => window.removeEventListener(SIGNED_OUT, ask);
  }, [queries]);
  if (session.data === undefined) {
    return (
      <main className={css.entrance}>
        {session.error && <Failure error={session.error} retry={session.refetch} busy={session.isFetching} />}
      </main>
    );
  }
  if (session.data.state === "account_needed") return <FirstRun session={session.data} />;
  if (session.data.state === "signed_out") return <SignIn session={session.data} />;
  return children;
}
