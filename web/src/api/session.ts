// Who looks at the pages, and how that changes.

import { type QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, type Schemas, setCsrf } from "./client";

export type Session = Schemas["SessionOut"];

const KEY = ["session"];

/** Who looks at the pages. */
export function useSession() {
  return useQuery({ queryKey: KEY, queryFn: async () => noted(await ask(api.GET("/api/session"))), staleTime: 60_000 });
}

/** Sign in. */
export function useSignIn() {
  return useEntrance((body: Schemas["LoginIn"]) => ask(api.POST("/api/session/login", { body })));
}

/** Make the owner's account, and sign in to it. */
export function useCreateAccount() {
  return useEntrance((body: Schemas["AccountIn"]) => ask(api.POST("/api/account/create", { body })));
}

/** End this session. */
export function useSignOut() {
  return useEntrance((_: undefined) => ask(api.POST("/api/session/logout")));
}

/** Ask anew who looks at the pages. */
export function checkSession(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: KEY });
}

function useEntrance<Body>(enter: (body: Body) => Promise<Session>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: enter,
    onSuccess: (session) => {
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== KEY[0] }); // what somebody else saw is gone
      queries.setQueryData(KEY, noted(session));
    },
  });
}

function noted(session: Session): Session {
  setCsrf(session.csrf_header, session.csrf_token);
  return session;
}
