// What can be done with a whole flow: save it, switch it, delete it, copy it.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../api/client";
import { Button, LinkButton, useConfirm, useToast } from "../ui";

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
      {flow && <Switch flow={flow} />}
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

/** Switches a flow of any origin on or off. */
function Switch({ flow }: { flow: Flow }) {
  const queries = useQueryClient();
  const toast = useToast();
  const params = { params: { path: { name: flow.name } } };
  const change = useMutation({
    mutationFn: () =>
      flow.enabled
        ? ask(api.POST("/api/flows/{name}/disable", params))
        : ask(api.POST("/api/flows/{name}/enable", params)),
    onSuccess: (now) => {
      toast.done(now.enabled ? `${now.name} is switched on.` : `${now.name} is switched off; clients do not see it.`);
      for (const key of ["flows", "tools", "status"]) void queries.invalidateQueries({ queryKey: [key] });
    },
    onError: toast.failed,
  });
  return (
    <Button busy={change.isPending} onClick={() => change.mutate()}>
      {flow.enabled ? "Switch off" : "Switch on"}
    </Button>
  );
}

function Delete({ flow, onLeave }: { flow: Flow; onLeave: (to: string) => void }) {
  const queries = useQueryClient();
  const confirm = useConfirm();
  const toast = useToast();
  const remove = async () => {
    const isSure = await confirm({
      title: `Delete ${flow.name}?`,
      text: "Clients do not see the tool any more. Its versions and its runs stay.",
      action: "Delete",
      danger: true,
    });
    if (!isSure) return;
    try {
      await ask(api.DELETE("/api/flows/{name}", { params: { path: { name: flow.name } } }));
      toast.done(`${flow.name} is deleted.`);
      onLeave("/flows");
      queries.removeQueries({ queryKey: ["flows", "one", flow.name] });
      void queries.invalidateQueries({ queryKey: ["flows"] });
    } catch (error) {
      toast.failed(error);
    }
  };
  return (
    <Button tone="danger" onClick={remove}>
      Delete
    </Button>
  );
}
