// Which tools of a pack are wanted: all, those of some groups, or single ones.

import { Check, count, Group, Radios, Text } from "../ui";
import type { Details, Draft } from "./draft";
import css from "./packs.module.css";

/** Choose the tools. */
export function ToolChoice({
  pack,
  draft,
  onChange,
}: {
  pack: Details;
  draft: Draft;
  onChange: (draft: Partial<Draft>) => void;
}) {
  const groups = Object.entries(pack.summary.groups);
  const scopes: [Draft["scope"], string][] = [["all", `All ${count(pack.tools.length, "tool")}`]];
  if (groups.length) scopes.push(["groups", "Groups of tools"]);
  scopes.push(["tools", "Single tools"]);
  const toggle = (list: readonly string[], name: string) =>
    list.includes(name) ? list.filter((each) => each !== name) : [...list, name];
  return (
    <Group title="Tools">
      <Radios choices={scopes} value={draft.scope} onChange={(scope) => onChange({ scope })} />
      {draft.scope === "groups" && (
        <div className={css.checks}>
          {groups.map(([name, tools]) => (
            <Check
              key={name}
              label={name}
              help={`${count(tools.length, "tool")}: ${tools.join(", ")}`}
              checked={draft.groups.includes(name)}
              onChange={() => onChange({ groups: toggle(draft.groups, name) })}
            />
          ))}
        </div>
      )}
      {draft.scope === "tools" && (
        <div className={css.checks}>
          {pack.tools.map((tool) => (
            <Check
              key={tool.name}
              label={tool.name}
              help={<Text>{tool.description}</Text>}
              checked={draft.tools.includes(tool.name)}
              onChange={() => onChange({ tools: toggle(draft.tools, tool.name) })}
            />
          ))}
        </div>
      )}
    </Group>
  );
}
