// The official TypeScript client, driven by lines of JSON on stdin: {"op": "list"} or {"op": "call", "name", "args"}.
// Answers each line with one line: {"ok": ...} or {"error": {"message", "code"}}.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { createInterface } from "node:readline";

const [url, token] = process.argv.slice(2);
const headers = token ? { Authorization: `Bearer ${token}` } : {};
const client = new Client({ name: "typescript-sdk", version: "1" });

const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
const failure = (error) => ({ error: { message: String(error.message ?? error), code: error.code ?? null } });

const operations = {
  connect: () => client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })),
  list: async () => (await client.listTools()).tools,
  call: ({ name, args }) => client.callTool({ name, arguments: args }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    say({ ok: (await operations[command.op](command)) ?? null });
  } catch (error) {
    say(failure(error));
  }
}
await client.close();
