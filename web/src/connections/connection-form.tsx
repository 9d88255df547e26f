// Make or change a connection.  What is secret is only ever written: an empty field leaves what is stored.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, type Schemas } from "../api/client";
import { Prose } from "../forms/prose";
import { SchemaForm } from "../forms/schema-form";
import { listOf, objectOf, type Schema } from "../forms/values";
import { Button, Failure, Field, Loaded } from "../ui";
import css from "./connections.module.css";
import { SecretFields } from "./secret-fields";
import { refreshConnections, useKinds, usePresets } from "./use-connections";

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
      refreshConnections(queries);
      onSaved(saved);
    },
  });
  if (!kind || !auth) return null;
  const secrets = draft.kind === "http" ? auth.secrets : kind.secrets;
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      {!connection && (
        <>
          <Field label="Name" help="Flows use it: letters, digits, _ and -.">
            {(control) => (
              <input
                {...control}
                required
                value={draft.name}
                onChange={(event) => change({ name: event.target.value })}
              />
            )}
          </Field>
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
        <fieldset className={css.group}>
          <legend>How the service knows us</legend>
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
        </fieldset>
      )}
      <SecretFields
        names={secrets}
        isFree={draft.kind === "values"}
        stored={connection?.secrets ?? []}
        values={draft.secrets as Record<string, string>}
        onChange={(values) => change({ secrets: values })}
      />
      {saving.error && <Failure error={saving.error} />}
      <div className={css.buttons}>
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
    <Field label={label} help={chosen && <Prose>{chosen.description}</Prose>}>
      {(control) => (
        <select {...control} value={value} onChange={(event) => onChange(event.target.value)}>
          {forms.map((form) => (
            <option key={form.name} value={form.name}>
              {form.title}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A well-known provider fills in its addresses. */
function Presets({ draft, onChoose }: { draft: Draft; onChoose: (some: Partial<Draft>) => void }) {
  const presets = usePresets();
  const current = String(draft.authFields.preset ?? "");
  const preset = presets.data?.presets.find((each) => each.name === current);
  return (
    <Field
      label="Provider"
      help={
        preset && (
          <a href={preset.help_url} target="_blank" rel="noreferrer noopener">
            Where to register the application
          </a>
        )
      }
    >
      {(control) => (
        <select
          {...control}
          value={current}
          onChange={(event) => {
            const found = presets.data?.presets.find((each) => each.name === event.target.value);
            const address = draft.fields.base_url || found?.base_url;
            const asked = Object.fromEntries(listOf(found?.asks).map((name) => [String(name), ""]));
            onChoose({
              authFields: { ...draft.authFields, preset: event.target.value || undefined, preset_values: asked },
              fields: { ...draft.fields, ...(address ? { base_url: address } : {}) },
            });
          }}
        >
          <option value="">Another one: by its addresses</option>
          {presets.data?.presets.map((each) => (
            <option key={each.name} value={each.name}>
              {each.title}
            </option>
          ))}
        </select>
      )}
    </Field>
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
