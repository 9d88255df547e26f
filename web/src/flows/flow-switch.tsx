import { api, ask } from "../api/client";
import { FLOWS_CHANGED } from "../api/queries";
import { ActionButton } from "../ui";

/** Switches a flow of any origin on or off. */
export function FlowSwitch({ flow, small }: { flow: { name: string; enabled: boolean }; small?: boolean }) {
  const path = { params: { path: { name: flow.name } } };
  return (
    <ActionButton
      small={small}
      act={() => ask(api.POST(flow.enabled ? "/api/flows/{name}/disable" : "/api/flows/{name}/enable", path))}
      done={({ name, enabled }) =>
        enabled ? `${name} is switched on.` : `${name} is switched off; clients do not see it.`
      }
      stale={FLOWS_CHANGED}
    >
      {flow.enabled ? "Switch off" : "Switch on"}
      {small && <span className="visually-hidden"> {flow.name}</span>}
    </ActionButton>
  );
}
