import type { Schemas } from "../api/client";

const CHOICES = "one of: ";

/** The field for the value of a setting, after the kind of value that it has. */
export function SettingControl({
  id,
  setting,
  value,
  onChange,
}: {
  id: string;
  setting: Schemas["SettingOut"];
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const control = { id, "aria-describedby": `${id}-help` };
  if (typeof setting.value === "boolean") {
    return (
      <select {...control} value={String(value)} onChange={(event) => onChange(event.target.value === "true")}>
        <option value="true">Yes</option>
        <option value="false">No</option>
      </select>
    );
  }
  if (setting.type.startsWith(CHOICES)) {
    return (
      <select {...control} value={String(value)} onChange={(event) => onChange(event.target.value)}>
        {setting.type
          .slice(CHOICES.length)
          .split(", ")
          .map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
      </select>
    );
  }
  if (typeof setting.value === "number") {
    return (
      <input
        {...control}
        type="number"
        step="any"
        value={Number.isNaN(value) ? "" : Number(value)}
        onChange={(event) => onChange(event.target.valueAsNumber)}
      />
    );
  }
  if (Array.isArray(setting.value)) {
    return (
      <textarea
        {...control}
        rows={3}
        placeholder="One on each line"
        spellCheck={false}
        value={Array.isArray(value) ? value.join("\n") : ""}
        onChange={(event) => onChange(linesOf(event.target.value))}
      />
    );
  }
  return (
    <input
      {...control}
      type="text"
      spellCheck={false}
      value={String(value ?? "")}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.split("\n").map((line) => line.trim());
}
