// Run a tool here, and see exactly what a client gets.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { useRun } from "../api/queries";
import { Badge, Button, CodeBlock, duration, Failure, Field, Notice, Text } from "../ui";
import css from "./tool.module.css";
import type { McpTool } from "./tool-parts";

/** The form and the answer.  With `?run=` in the address it begins with the arguments of that run. */
export function ToolRunner({ tool }: { tool: McpTool }) {
  const [params] = useSearchParams();
  const before = useRun(params.get("run") ?? "");
  const given = before.data?.detail.args;
  const [text, setText] = useState(() => JSON.stringify(skeletonOf(tool), null, 2));
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: (args: Record<string, unknown>) =>
      ask(api.POST("/api/tools/{name}/call", { params: { path: { name: tool.name } }, body: { arguments: args } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["runs"] }),
  });
  useEffect(() => {
    if (given) setText(JSON.stringify(given, null, 2));
  }, [given]);
  const parsed = parse(text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (parsed.value) call.mutate(parsed.value);
  };
  const isDestructive = tool.annotations?.destructiveHint === true;
  return (
    <div className={css.runner}>
      <form className={css.form} onSubmit={submit}>
        <Field label="Arguments" help="A JSON object." error={parsed.error}>
          {(control) => (
            <textarea
              {...control}
              className={css.json}
              rows={Math.min(18, Math.max(4, text.split("\n").length))}
              spellCheck={false}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        {isDestructive && (
          <Notice tone="warn">This tool says that it destroys or overwrites. It really does so from here, too.</Notice>
        )}
        <div>
          <Button type="submit" tone="primary" busy={call.isPending} disabled={!parsed.value}>
            Run
          </Button>
        </div>
      </form>
      <div className={css.answer} aria-live="polite">
        {call.isPending && <p>Running …</p>}
        {call.error && <Failure error={call.error} />}
        {call.data && <Answer answer={call.data} />}
        {call.isIdle && <p className={css.hint}>What a client would get appears here.</p>}
      </div>
    </div>
  );
}

function Answer({ answer }: { answer: Schemas["CallOut"] }) {
  return (
    <>
      <p>
        <Badge tone={answer.is_error ? "bad" : "ok"}>{answer.is_error ? "Error" : "OK"}</Badge> in{" "}
        {duration(answer.duration)}
      </p>
      {answer.error && (
        <Notice tone="bad">
          <Text>{answer.error.message}</Text>
        </Notice>
      )}
      <CodeBlock tall text={JSON.stringify(answer, null, 2)} label="The MCP result" />
    </>
  );
}

function parse(text: string): { value?: Record<string, unknown>; error?: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value))
      return { value: value as Record<string, unknown> };
    return { error: "The arguments are an object: { … }." };
  } catch (error) {
    return { error: `This is not JSON yet: ${error instanceof Error ? error.message : error}` };
  }
}

function skeletonOf(tool: McpTool): Record<string, unknown> {
  const { properties = {}, required = [] } = (tool.inputSchema ?? {}) as {
    properties?: Record<string, { default?: unknown; type?: unknown }>;
    required?: string[];
  };
  const empty: Record<string, unknown> = { string: "", number: 0, integer: 0, boolean: false, array: [], object: {} };
  const named = Object.entries(properties).filter(([name]) => required.includes(name));
  return Object.fromEntries(
    named.map(([name, { default: value, type }]) => [name, value ?? empty[String(type)] ?? null]),
  );
}
