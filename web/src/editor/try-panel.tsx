// Run the text as it is, without storing it, and see what each step did.

import { useState } from "react";
import { api, ask, type Schemas } from "../api/client";
import { AnyControl } from "../forms/controls";
import { errorsOf } from "../forms/errors";
import { SchemaForm } from "../forms/schema-form";
import { objectOf, type Schema } from "../forms/values";
import { Button, Empty, Failure, Field, Group, Notice, Radios, SelectField } from "../ui";
import { Outcome } from "./trace";
import type { Check } from "./use-check";

type Trial = Schemas["TrialOut"];
type Mode = "real" | "mocks";

const MODES: [Mode, string][] = [
  ["real", "Really call out: what they change is changed"],
  ["mocks", "Use results from here instead"],
];

/** What was filled in and what came out; it is kept while one looks at something else. */
type TryState = {
  args: unknown;
  mode: Mode;
  mocks: unknown;
  trial: Trial | null;
  error: unknown;
};

/** Nothing filled in. */
export const NOT_TRIED: TryState = { args: {}, mode: "real", mocks: {}, trial: null, error: null };

/** Try the flow. */
export function TryPanel({
  text,
  check,
  state,
  onState,
}: {
  text: string;
  check: Check | null;
  state: TryState;
  onState: (state: TryState) => void;
}) {
  const [busy, setBusy] = useState(false);
  if (!check?.arguments) {
    return <Empty title="Not ready to run">The text has problems. They stand below it, each with its line.</Empty>;
  }
  const run = async () => {
    setBusy(true);
    const body: Schemas["TryIn"] = { text, arguments: objectOf(state.args) };
    if (state.mode === "mocks") body.mocks = objectOf(state.mocks);
    try {
      onState({ ...state, trial: await ask(api.POST("/api/try", { body })), error: null });
    } catch (error) {
      onState({ ...state, trial: null, error });
    } finally {
      setBusy(false);
    }
  };
  const rejected = state.trial?.error?.code === "invalid_arguments" ? state.trial.error.message : "";
  const errors = errorsOf(rejected);
  const schema = check.arguments as Schema;
  return (
    <div className="stack">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {check.tests.length > 0 && <Presets tests={check.tests} onChoose={(next) => onState({ ...state, ...next })} />}
        {Object.keys(objectOf(schema.properties)).length > 0 || schema.additionalProperties !== false ? (
          <SchemaForm
            key={JSON.stringify(schema.properties)}
            schema={schema}
            value={state.args}
            errors={errors}
            onChange={(args) => onState({ ...state, args })}
          />
        ) : (
          <p className="muted">It takes no arguments.</p>
        )}
        {check.mockable.length > 0 && <Modes check={check} state={state} onState={onState} />}
        <div>
          <Button type="submit" tone="primary" busy={busy}>
            Run
          </Button>
        </div>
      </form>
      {state.error !== null && <Failure error={state.error} />}
      {rejected &&
        errors.others.map((line) => (
          <Notice key={line} tone="bad">
            {line}
          </Notice>
        ))}
      {state.trial && !rejected && <Outcome trial={state.trial} />}
      {rejected && errors.others.length === 0 && <Notice tone="bad">The arguments do not fit; see the fields.</Notice>}
    </div>
  );
}

function Presets({ tests, onChoose }: { tests: Check["tests"]; onChoose: (state: Partial<TryState>) => void }) {
  const choose = (index: number) => {
    const test = tests[index];
    if (!test) return;
    const hasMocks = Object.keys(objectOf(test.mock)).length > 0;
    onChoose({ args: test.args ?? {}, mocks: test.mock ?? {}, mode: hasMocks ? "mocks" : "real", trial: null });
  };
  return (
    <SelectField
      label="Fill in from a test"
      optional
      choices={[["", "Choose a test"], ...tests.map(({ name }, index) => [String(index), name] as const)]}
      value=""
      onChange={(index) => choose(Number(index))}
    />
  );
}

function Modes({ check, state, onState }: { check: Check; state: TryState; onState: (state: TryState) => void }) {
  const choose = (mode: Mode) => {
    const missing = Object.fromEntries(check.mockable.map((step) => [step, null]));
    onState({ ...state, mode, mocks: mode === "mocks" ? { ...missing, ...objectOf(state.mocks) } : state.mocks });
  };
  return (
    <Group title={`Steps that reach outside (${check.mockable.join(", ")})`}>
      <Radios choices={MODES} value={state.mode} onChange={choose} />
      {state.mode === "mocks" && (
        <Field label="Results by step">
          {(control) => (
            <AnyControl
              control={control}
              schema={{}}
              value={state.mocks}
              required
              onChange={(mocks) => onState({ ...state, mocks })}
            />
          )}
        </Field>
      )}
    </Group>
  );
}
