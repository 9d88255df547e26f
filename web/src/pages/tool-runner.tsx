// Run a tool here, and see exactly what a client gets.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useSearchParams } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { useRun } from "../api/queries";
import { errorsOf, NO_ERRORS } from "../forms/errors";
import { SchemaForm } from "../forms/schema-form";
import { Badge, Button, CodeBlock, duration, Failure, Field, Notice, Skeleton, Text } from "../ui";
import css from "./tool.module.css";
import type { McpTool } from "./tool-parts";

const REJECTED = "invalid_arguments";

/** The form and the answer.  With `?run=` in the address it begins with the arguments of that run. */
export function ToolRunner({ tool }: { tool: McpTool }) {
  const [params] = useSearchParams();
  const before = useRun(params.get("run") ?? "");
  if (before.isLoading) return <Skeleton lines={3} />;
  return <Runner tool={tool} given={before.data?.detail.args ?? {}} />;
}

function Runner({ tool, given }: { tool: McpTool; given: unknown }) {
  const [value, setValue] = useState<unknown>(given);
  const [text, setText] = useState<string | null>(null); // what was typed while the arguments are shown as JSON
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: (args: Record<string, unknown>) =>
      ask(
        api.POST("/api/tools/{name}/call", {
          params: { path: { name: tool.name } },
          body: { arguments: args, as_mcp: true },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: ["runs"] }),
  });
  const parsed = text === null ? { value: value as Record<string, unknown> } : parse(text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (parsed.value) call.mutate(parsed.value);
  };
  const toggle = () => {
    if (text === null) setText(JSON.stringify(value, null, 2));
    else if (parsed.value) {
      setValue(parsed.value);
      setText(null);
    }
  };
  const isDestructive = tool.annotations?.destructiveHint === true;
  const rejected = call.data?.error?.code === REJECTED ? errorsOf(call.data.error.message) : NO_ERRORS;
  return (
    <div className={css.runner}>
      <form className={css.form} onSubmit={submit} noValidate>
        {text === null ? (
          <SchemaForm schema={tool.inputSchema ?? {}} value={value} errors={rejected} onChange={setValue} />
        ) : (
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
        )}
        {isDestructive && (
          <Notice tone="warn">This tool says that it destroys or overwrites. It really does so from here, too.</Notice>
        )}
        <div className="row">
          <Button type="submit" tone="primary" busy={call.isPending} disabled={!parsed.value}>
            Run
          </Button>
          <Button tone="quiet" aria-pressed={text !== null} disabled={!parsed.value} onClick={toggle}>
            {text === null ? "Write JSON instead" : "Back to the form"}
          </Button>
        </div>
      </form>
      <div className={css.answer} aria-live="polite">
        {call.isPending && <p>Running …</p>}
        {call.error && <Failure error={call.error} />}
        {call.data && <Answer answer={call.data} />}
        {call.isIdle && <p className="muted">What a client would get appears here.</p>}
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
      <CodeBlock tall text={JSON.stringify(answer.mcp ?? answer, null, 2)} label="The MCP result" />
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
