// What tools are, in small parts that the list and the page of one tool share.

import { Badge, type Tone } from "../ui";

/** A tool in the words of MCP. */
export type McpTool = {
  name: string;
  title?: string;
  description?: string;
  inputSchema?: Record<string, unknown>;
  outputSchema?: Record<string, unknown>;
  annotations?: Record<string, unknown>;
};

const HINTS: [string, boolean, string, Tone][] = [
  ["readOnlyHint", true, "Reads only", "ok"],
  ["destructiveHint", true, "Destroys", "bad"],
  ["idempotentHint", true, "Repeatable", "info"],
  ["openWorldHint", false, "Closed world", "info"],
];

/** What a tool says about its effects. */
export function Hints({ tool }: { tool: McpTool }) {
  const said = HINTS.filter(([name, value]) => tool.annotations?.[name] === value);
  if (said.length === 0) return null;
  return (
    <span className="row">
      {said.map(([name, , words, tone]) => (
        <Badge key={name} tone={tone}>
          {words}
        </Badge>
      ))}
    </span>
  );
}
