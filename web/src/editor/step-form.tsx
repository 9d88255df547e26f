// The form of the part under the cursor.  It changes that one place of the text; the text stays the only truth.

import { type RefObject, useEffect, useRef, useState } from "react";
import { api, ask, type Schemas, wordsOf } from "../api/client";
import { KnownNames } from "../forms/controls";
import { NO_ERRORS } from "../forms/errors";
import type { Change } from "../forms/rows";
import { FormField, FormFields } from "../forms/schema-form";
import { objectOf, type Path, type Schema, withValue } from "../forms/values";
import { Empty, Notice, Prose, Text } from "../ui";
import css from "./step-form.module.css";
import type { Part } from "./use-check";
import { useComponents, useKnownNames } from "./use-names";
import type { Editor } from "./yaml-editor";

type Component = Schemas["ComponentOut"];

const PAUSE_MILLISECONDS = 400;
const TRIES = 3;

/** Show the form of a part; without one, say how to choose it. */
export function StepForm({
  part,
  editor,
  readOnly,
}: {
  part: Part | undefined;
  editor: RefObject<Editor | null>;
  readOnly: boolean;
}) {
  const components = useComponents();
  const known = useKnownNames();
  const component = components.data?.components.find(
    (each) => each.kind === part?.kind && each.name === part?.component,
  );
  if (!part || !component) {
    return (
      <Empty title="No step at the cursor">
        Put the cursor into a step, or press one in the picture. Its settings appear here.
      </Empty>
    );
  }
  return (
    <KnownNames value={known}>
      <PartForm
        key={`${part.id} ${part.component}`}
        part={part}
        component={component}
        common={(components.data?.step_fields ?? {}) as Schema}
        editor={editor}
        readOnly={readOnly}
      />
    </KnownNames>
  );
}

function PartForm({
  part,
  component,
  common,
  editor,
  readOnly,
}: {
  part: Part;
  component: Component;
  common: Schema;
  editor: RefObject<Editor | null>;
  readOnly: boolean;
}) {
  const { value, change, refusal } = useEdits(part, editor);
  const schema = component.fields as Schema;
  const config = objectOf(value)[component.name];
  const given = { errors: NO_ERRORS, onChange: change };
  const isBare = component.short !== "" && (config === undefined || config === null || objectOf(config) !== config);
  const whole = component.whole || (isBare && component.short);
  return (
    <fieldset className="stack" disabled={readOnly}>
      <legend className="visually-hidden">Settings of {part.name}</legend>
      <header className={css.head}>
        <h2>
          <Text>{part.name}</Text>
        </h2>
        <p>
          <Prose>{component.description.split("\n\n")[0] ?? ""}</Prose>
        </p>
      </header>
      {refusal && <Notice tone="warn">{refusal}</Notice>}
      {whole ? (
        <FormField
          {...given}
          name={whole}
          root={schema}
          schema={objectOf(schema.properties)[whole] as Schema}
          path={[component.name]}
          value={config}
          required
        />
      ) : (
        <FormFields {...given} schema={schema} root={schema} path={[component.name]} value={config} />
      )}
      {part.kind === "step" && (
        <details className="more">
          <summary>Name, condition, retry and errors</summary>
          <FormFields {...given} schema={common} root={common} path={[]} value={value} many={12} />
        </details>
      )}
    </fieldset>
  );
}

/** What the form shows, and how a change of it reaches the text when the typing pauses. */
function useEdits(part: Part, editor: RefObject<Editor | null>) {
  const [draft, setDraft] = useState<unknown>(part.value);
  const [refusal, setRefusal] = useState("");
  const waiting = useRef(new Map<string, { path: Path; value: unknown }>());
  const timer = useRef(0);

  useEffect(() => {
    if (waiting.current.size === 0) setDraft(part.value); // the text says what is so, except while one types here
  }, [part.value]);

  const send = async () => {
    const edits = [...waiting.current.values()];
    for (const { path, value } of edits) {
      const words = await edited(editor, [...part.path, ...path], value);
      setRefusal(words);
    }
    for (const edit of edits) {
      const key = JSON.stringify(edit.path);
      if (waiting.current.get(key) === edit) waiting.current.delete(key);
    }
  };
  // What is still waiting when the form goes away must not be lost.
  const flush = useRef(send);
  flush.current = send;
  useEffect(() => () => void flush.current(), []);

  const change: Change = (path, value) => {
    setDraft((before: unknown) => withValue(before, path, value));
    waiting.current.set(JSON.stringify(path), { path, value });
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void flush.current(), PAUSE_MILLISECONDS);
  };
  return { value: draft, change, refusal };
}

/** Change one place of the text; return why it could not be. */
async function edited(editor: RefObject<Editor | null>, path: Path, value: unknown): Promise<string> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const text = editor.current?.text() ?? "";
    const place = { text, path: [...path] };
    try {
      const body: Schemas["EditIn"] =
        value === undefined ? { ...place, action: "remove" } : { ...place, action: "set", value };
      const change = await ask(api.POST("/api/editor/edit", { body }));
      if (editor.current?.change(change, text) !== false) return "";
    } catch (error) {
      const { message, fix } = wordsOf(error);
      return `${message} ${fix}`;
    }
  }
  return "The text changed at the same time. Make the change again.";
}
