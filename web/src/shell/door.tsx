import type { ReactNode } from "react";

/** Lets in who may be here. */
export function Door({ children }: { children: ReactNode }) {
  return children;
}
