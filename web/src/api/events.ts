// What the server tells as it happens.  Each message names a topic, and what is shown of that topic is asked for anew.

import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

const EVENTS = "/api/events";
/** How often a topic is asked for at most, however much happens. */
const CALM_MILLISECONDS = 700;

const TOPICS: Record<string, string[]> = {
  runs: ["runs", "overview", "tools", "dead-letters"],
  tools: ["tools", "overview", "status"],
  flows: ["flows", "problems", "status"],
  workers: ["workers", "status"],
};

/** Follow what happens while `isOn`, and keep what is shown up to date. */
export function useEvents(isOn = true): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!isOn) return;
    const source = new EventSource(EVENTS);
    const timers = new Map<string, number>();
    const refresh = (topic: string) => {
      if (timers.has(topic)) return;
      const timer = window.setTimeout(() => {
        timers.delete(topic);
        for (const key of TOPICS[topic] ?? []) void queries.invalidateQueries({ queryKey: [key] });
      }, CALM_MILLISECONDS);
      timers.set(topic, timer);
    };
    for (const topic of Object.keys(TOPICS)) source.addEventListener(topic, () => refresh(topic));
    return () => {
      source.close();
      for (const timer of timers.values()) window.clearTimeout(timer);
    };
  }, [isOn, queries]);
}
