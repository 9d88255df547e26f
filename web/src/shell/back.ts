// Whoever must be asked before the back button leaves a page.  This listens before the router does: it is loaded first.

type Guard = (event: PopStateEvent) => void;

let guard: Guard | null = null;

window.addEventListener("popstate", (event) => guard?.(event), true);

/** Let somebody stop a step back; null lets it pass again. */
export function guardBack(next: Guard | null): void {
  guard = next;
}
