// Nobody leaves a page with unsaved changes without being asked: by link, by the back button, by closing the window.

import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { guardBack } from "../shell/back";
import { useConfirm } from "../ui";

/** Ask before the page is left while `isDirty`.  Return a way to leave that does not ask. */
export function useLeaving(isDirty: boolean): (to: string) => void {
  const confirm = useConfirm();
  const [, navigate] = useLocation();
  const dirty = useRef(isDirty);
  dirty.current = isDirty;
  useEffect(() => {
    const here = window.location.pathname + window.location.search;
    const asked = () =>
      confirm({
        title: "Leave without saving?",
        text: "What you changed in this flow is not saved.",
        action: "Leave",
        danger: true,
      });
    const onUnload = (event: BeforeUnloadEvent) => {
      if (dirty.current) event.preventDefault();
    };
    const onClick = async (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
      const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
      const path = link?.getAttribute("href") ?? "";
      if (!dirty.current || !isPlain || !path.startsWith("/") || link?.getAttribute("target")) return;
      event.preventDefault();
      event.stopPropagation();
      if (!(await asked())) return;
      dirty.current = false;
      navigate(path);
    };
    const onBack = async (event: PopStateEvent) => {
      if (!dirty.current) return;
      event.stopImmediatePropagation();
      window.history.pushState(null, "", here); // the browser has left already: come back, then ask
      if (!(await asked())) return;
      dirty.current = false;
      window.history.back();
    };
    window.addEventListener("beforeunload", onUnload);
    guardBack((event) => void onBack(event));
    document.addEventListener("click", onClick, true);
    return () => {
      window.removeEventListener("beforeunload", onUnload);
      guardBack(null);
      document.removeEventListener("click", onClick, true);
    };
  }, [confirm, navigate]);
  return (to) => {
    dirty.current = false;
    navigate(to);
  };
}
