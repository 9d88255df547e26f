import type { Schemas } from "../api/client";
import { Badge } from "../ui";

type Connection = Schemas["ConnectionOut"];

/** How a connection is, in words: what keeps it from working, else that it is ready. */
export function Health({ connection }: { connection: Connection }) {
  const { sign_in: signIn } = connection;
  if (connection.problem) return <Badge tone="bad">cannot be used</Badge>;
  if (signIn?.error) return <Badge tone="bad">sign-in failed</Badge>;
  if (signIn && !signIn.signed_in) return <Badge tone="warn">not signed in</Badge>;
  return <Badge tone="ok">ready</Badge>;
}

/** Its kind, for people. */
export const KINDS: Record<Connection["kind"], string> = { http: "HTTP", sql: "Database", values: "Named secrets" };
