// One flow: load it, then hand it to the editor.  A flow of a file or a pack is shown, and offered as a copy.

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link, useParams, useSearchParams } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { useEvents } from "../api/events";
import { startsOf } from "../editor/starts-panel";
import type { Base } from "../editor/use-saving";
import { VersionsPanel } from "../editor/versions-panel";
import Workbench from "../editor/workbench";
import { Notice, PageOf, Text } from "../ui";

type Flow = Schemas["FlowOut"];

const EXAMPLE = `\
flow: hello
description: Greet somebody by name.
input:
  mcp_tool:
    params:
      name: {type: string, description: Whom to greet}
steps:
  - id: greeting
    map: Hello, \${{ args.name }}!
output:
  reply: {text: "\${{ greeting }}"}
tests:
  - name: a friendly greeting
    args: {name: Ada}
    expect: {text: "Hello, Ada!"}
`;

export default function FlowEditorPage() {
  const { name = "" } = useParams<{ name?: string }>();
  const [search] = useSearchParams();
  const line = Number(search.get("line") ?? 1) || 1;
  if (name) return <Stored key={name} name={decodeURIComponent(name)} line={line} />;
  const copied = search.get("copy");
  if (copied) return <Copy key={copied} name={copied} />;
  return <Workbench key="new" start={{ name: "", digest: "", text: EXAMPLE }} startLine={1} readOnly={false} />;
}

function useFlow(name: string) {
  return useQuery({
    queryKey: ["flows", "one", name],
    queryFn: () => ask(api.GET("/api/flows/{name}", { params: { path: { name } } })),
  });
}

/** A flow that is stored. */
function Stored({ name, line }: { name: string; line: number }) {
  const query = useFlow(name);
  useEvents(); // so that it is said when somebody else saves it
  return (
    <PageOf title={name} back={<Link href="/flows">Flows</Link>} query={query}>
      {(flow) => <Opened flow={flow} line={line} />}
    </PageOf>
  );
}

function Opened({ flow, line }: { flow: Flow; line: number }) {
  // The text that one began with: what others store meanwhile is said, and not put under one's hands.
  const [opened] = useState(flow);
  const { summary } = flow;
  const { name, origin } = summary;
  const readOnly = origin !== "api";
  const start: Base = { name, digest: opened.summary.digest, text: opened.text };
  return (
    <Workbench
      key={readOnly ? summary.digest : "mine"}
      start={readOnly ? { name, digest: summary.digest, text: flow.text } : start}
      flow={summary}
      startLine={line}
      readOnly={readOnly}
      notice={<Origin flow={summary} />}
      starts={startsOf(summary)}
      versions={(digest, onRestore) => (
        <VersionsPanel name={name} digest={digest} canRestore={!readOnly} onRestore={onRestore} />
      )}
    />
  );
}

/** Where a flow is changed, when that is not here. */
function Origin({ flow }: { flow: Schemas["FlowSummary"] }): ReactNode {
  if (flow.origin === "file") {
    return (
      <Notice>
        <span>
          This flow comes from the file{" "}
          <code>
            <Text>{flow.file}</Text>
          </code>{" "}
          in the flow directory. Change it there; it is live within seconds. A copy can be edited here.
        </span>
      </Notice>
    );
  }
  if (flow.origin === "pack") {
    return (
      <Notice>
        <span>
          This flow belongs to the pack that is installed as{" "}
          <Link href={`/packs/installed/${encodeURIComponent(flow.install)}`}>
            <Text>{flow.install}</Text>
          </Link>
          , so it cannot be changed here. A copy can.
        </span>
      </Notice>
    );
  }
  return null;
}

/** A new flow that starts as a copy of another one. */
function Copy({ name }: { name: string }) {
  const copy = useQuery({
    queryKey: ["copy", name],
    queryFn: async () => {
      const { text } = await ask(api.GET("/api/flows/{name}", { params: { path: { name } } }));
      const body = { text, action: "set" as const, path: ["flow"], value: `${name.slice(0, 58)}_copy` };
      const { start, end, insert } = await ask(api.POST("/api/editor/edit", { body }));
      return text.slice(0, start) + insert + text.slice(end);
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return (
    <PageOf title="New flow" back={<Link href="/flows">Flows</Link>} query={copy}>
      {(text) => <Workbench start={{ name: "", digest: "", text }} startLine={1} readOnly={false} />}
    </PageOf>
  );
}
