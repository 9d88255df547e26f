import type { Schemas } from "../api/client";

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
  const schema = setting.json_schema as { type?: string; enum?: string[]; minimum?: number; maximum?: number };
  if (schema.type === "boolean") {
    return (
      <select {...control} value={String(value)} onChange={(event) => onChange(event.target.value === "true")}>
        <option value="true">Yes</option>
        <option value="false">No</option>
      </select>
    );
  }
  if (schema.enum) {
    return (
      <select {...control} value={String(value)} onChange={(event) => onChange(event.target.value)}>
        {schema.enum.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  }
  if (schema.type === "integer" || schema.type === "number") {
    return (
      <input
        {...control}
        type="number"
        step={schema.type === "integer" ? 1 : "any"}
        min={schema.minimum}
        max={schema.maximum}
        required
        value={Number.isNaN(value) ? "" : Number(value)}
        onChange={(event) => onChange(event.target.valueAsNumber)}
      />
    );
  }
  if (schema.type === "array") {
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
  return text === "" ? [] : text.split("\n");
}
