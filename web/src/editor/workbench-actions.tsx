// What can be done with a whole flow: save it, switch it, delete it, copy it.

import { useQueryClient } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../api/client";
import { FLOWS_CHANGED } from "../api/queries";
import { FlowSwitch } from "../flows/flow-switch";
import { ActionButton, Button, LinkButton } from "../ui";

type Flow = Schemas["FlowSummary"];

/** The buttons of the editor. */
export function WorkbenchActions({
  flow,
  readOnly,
  canSave,
  saving,
  onSave,
  onInsert,
  onLeave,
}: {
  flow: Flow | undefined;
  readOnly: boolean;
  canSave: boolean;
  saving: boolean;
  onSave: () => void;
  onInsert: () => void;
  onLeave: (to: string) => void;
}) {
  return (
    <>
      {flow && <FlowSwitch flow={flow} />}
      {flow && !readOnly && <Delete flow={flow} onLeave={onLeave} />}
      {flow && readOnly && (
        <LinkButton href={`/flows/_new?copy=${encodeURIComponent(flow.name)}`}>Make a copy</LinkButton>
      )}
      {!readOnly && <Button onClick={onInsert}>Insert step</Button>}
      {!readOnly && (
        <Button tone="primary" disabled={!canSave} busy={saving} onClick={onSave} title="Ctrl+S">
          Save
        </Button>
      )}
    </>
  );
}

function Delete({ flow, onLeave }: { flow: Flow; onLeave: (to: string) => void }) {
  const queries = useQueryClient();
  return (
    <ActionButton
      tone="danger"
      sure={{
        title: `Delete ${flow.name}?`,
        text: "Clients do not see the tool any more. Its versions and its runs stay.",
        action: "Delete",
      }}
      act={() => ask(api.DELETE("/api/flows/{name}", { params: { path: { name: flow.name } } }))}
      done={() => `${flow.name} is deleted.`}
      onDone={() => {
        onLeave("/flows");
        queries.removeQueries({ queryKey: ["flows", "one", flow.name] });
      }}
      stale={FLOWS_CHANGED}
    >
      Delete
    </ActionButton>
  );
}
