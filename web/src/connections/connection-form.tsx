// Make or change a connection.  What is secret is only ever written: an empty field leaves what is stored.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, type Schemas } from "../api/client";
import { INSTALLS_CHANGED, refresh } from "../api/queries";
import { SchemaForm } from "../forms/schema-form";
import { listOf, objectOf, type Schema } from "../forms/values";
import { Button, Failure, Group, Loaded, Prose, SelectField, TextField } from "../ui";
import { SecretFields } from "./secret-fields";
import { useKinds, usePresets } from "./use-connections";

type Connection = Schemas["ConnectionOut"];
type Kinds = Schemas["KindsOut"];
type Fields = Record<string, unknown>;

/** Everything that is filled in. */
type Draft = { name: string; kind: string; fields: Fields; auth: string; authFields: Fields; secrets: Fields };

/** The form; `connection` is the one to change, undefined for a new one. */
export function ConnectionForm({
  connection,
  onSaved,
  onCancel,
}: {
  connection?: Connection;
  onSaved: (connection: Connection) => void;
  onCancel: () => void;
}) {
  const kinds = useKinds();
  return (
    <Loaded query={kinds}>
      {(found) => <Form kinds={found} connection={connection} onSaved={onSaved} onCancel={onCancel} />}
    </Loaded>
  );
}

function Form({
  kinds,
  connection,
  onSaved,
  onCancel,
}: {
  kinds: Kinds;
  connection: Connection | undefined;
  onSaved: (connection: Connection) => void;
  onCancel: () => void;
}) {
  const [draft, setDraft] = useState(() => draftOf(connection));
  const queries = useQueryClient();
  const change = (some: Partial<Draft>) => setDraft((before) => ({ ...before, ...some }));
  const kind = kinds.kinds.find((each) => each.name === draft.kind) ?? kinds.kinds[0];
  const auth = kinds.auths.find((each) => each.name === draft.auth) ?? kinds.auths[0];
  const saving = useMutation({
    mutationFn: () =>
      ask(
        api.PUT("/api/connections/{name}", {
          params: { path: { name: draft.name } },
          body: { config: configOf(draft), secrets: draft.secrets as Record<string, string> },
        }),
      ),
    onSuccess: (saved) => {
      refresh(queries, INSTALLS_CHANGED);
      onSaved(saved);
    },
  });
  if (!kind || !auth) return null;
  const secrets = draft.kind === "http" ? auth.secrets : kind.secrets;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      {!connection && (
        <>
          <TextField
            label="Name"
            help="Flows use it: letters, digits, _ and -."
            required
            value={draft.name}
            onChange={(name) => change({ name })}
          />
          <Choice label="Kind" forms={kinds.kinds} value={draft.kind} onChange={(next) => change({ kind: next })} />
        </>
      )}
      <SchemaForm
        key={kind.name}
        schema={kind.fields as Schema}
        many={3}
        value={draft.fields}
        onChange={(fields) => change({ fields: objectOf(fields) })}
      />
      {draft.kind === "http" && (
        <Group title="How the service knows us">
          <Choice
            label="Way"
            forms={kinds.auths}
            value={draft.auth}
            onChange={(next) => change({ auth: next, authFields: {} })}
          />
          {draft.auth === "oauth2_authorization_code" && <Presets draft={draft} onChoose={change} />}
          <SchemaForm
            key={auth.name}
            schema={auth.fields as Schema}
            many={4}
            value={draft.authFields}
            onChange={(authFields) => change({ authFields: objectOf(authFields) })}
          />
        </Group>
      )}
      <SecretFields
        names={secrets}
        isFree={draft.kind === "values"}
        stored={connection?.secrets ?? []}
        values={draft.secrets as Record<string, string>}
        onChange={(values) => change({ secrets: values })}
      />
      {saving.error && <Failure error={saving.error} />}
      <div className="row">
        <Button type="submit" tone="primary" busy={saving.isPending}>
          Save
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  );
}

function Choice({
  label,
  forms,
  value,
  onChange,
}: {
  label: string;
  forms: Kinds["kinds"];
  value: string;
  onChange: (name: string) => void;
}) {
  const chosen = forms.find((each) => each.name === value);
  return (
    <SelectField
      label={label}
      help={chosen && <Prose>{chosen.description}</Prose>}
      choices={forms.map((form) => [form.name, form.title])}
      value={value}
      onChange={onChange}
    />
  );
}

/** A well-known provider fills in its addresses. */
function Presets({ draft, onChoose }: { draft: Draft; onChoose: (some: Partial<Draft>) => void }) {
  const presets = usePresets();
  const current = String(draft.authFields.preset ?? "");
  const preset = presets.data?.presets.find((each) => each.name === current);
  const choose = (name: string) => {
    const found = presets.data?.presets.find((each) => each.name === name);
    const address = draft.fields.base_url || found?.base_url;
    const asked = Object.fromEntries(listOf(found?.asks).map((each) => [String(each), ""]));
    onChoose({
      authFields: { ...draft.authFields, preset: name || undefined, preset_values: asked },
      fields: { ...draft.fields, ...(address ? { base_url: address } : {}) },
    });
  };
  return (
    <SelectField
      label="Provider"
      help={
        preset && (
          <a href={preset.help_url} target="_blank" rel="noreferrer noopener">
            Where to register the application
          </a>
        )
      }
      choices={[
        ["", "Another one: by its addresses"],
        ...(presets.data?.presets ?? []).map((each) => [each.name, each.title] as const),
      ]}
      value={current}
      onChange={choose}
    />
  );
}

function draftOf(connection: Connection | undefined): Draft {
  const { kind: _, auth, fields: names, ...fields } = objectOf(connection?.config) as Fields;
  const { type = "none", ...authFields } = objectOf(auth);
  const known =
    connection?.kind === "values" ? Object.fromEntries(listOf(names).map((name) => [String(name), ""])) : {};
  return {
    name: connection?.name ?? "",
    kind: connection?.kind ?? "http",
    fields,
    auth: String(type),
    authFields,
    secrets: known,
  };
}

function configOf(draft: Draft): Schemas["ConnectionIn"]["config"] {
  const config: Fields = { kind: draft.kind, ...draft.fields };
  if (draft.kind === "http") config.auth = { type: draft.auth, ...draft.authFields };
  if (draft.kind === "values") config.fields = Object.keys(draft.secrets);
  return config as Schemas["ConnectionIn"]["config"];
}
