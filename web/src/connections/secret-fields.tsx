// Fields for what is secret.  Nothing that is stored ever comes back; a field that stays empty changes nothing.

import { AddName, Group, TextField } from "../ui";

/** Fill in secrets: those that are needed, or under names of one's own. */
export function SecretFields({
  names,
  isFree,
  stored,
  values,
  onChange,
}: {
  names: readonly string[];
  /** Whether the names are chosen here. */
  isFree: boolean;
  /** The secrets that are there already. */
  stored: readonly string[];
  values: Readonly<Record<string, string>>;
  onChange: (values: Record<string, string>) => void;
}) {
  const shown = isFree ? Object.keys(values) : names;
  if (shown.length === 0 && !isFree) return null;
  return (
    <Group title="Secrets">
      {shown.map((each) => (
        <TextField
          key={each}
          label={each}
          help={stored.includes(each) ? "One is stored, and never shown. Leave it empty to keep it." : undefined}
          type="password"
          autoComplete="new-password"
          placeholder={stored.includes(each) ? "stored" : ""}
          value={values[each] ?? ""}
          onChange={(text) => onChange(kept(values, each, text, isFree))}
        />
      ))}
      {isFree && (
        <AddName
          label="Name of another secret"
          onAdd={(name) => name in values || onChange({ ...values, [name]: "" })}
        />
      )}
    </Group>
  );
}

function kept(values: Readonly<Record<string, string>>, name: string, text: string, isFree: boolean) {
  const { [name]: _, ...others } = values;
  return text || isFree ? { ...others, [name]: text } : others;
}
