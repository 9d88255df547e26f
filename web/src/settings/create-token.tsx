// Make a token: first the form, then the token with what to paste, shown this once.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { api, ask, type Schemas } from "../api/client";
import { useTools } from "../api/queries";
import { Button, Check, CodeBlock, Dialog, Failure, Field, Notice, SelectField, TextField } from "../ui";
import css from "./settings.module.css";
import { Snippets } from "./snippets";

const DAY = 86_400_000;
const LIVES: [days: string, words: string][] = [
  ["0", "Never"],
  ["7", "In 7 days"],
  ["30", "In 30 days"],
  ["90", "In 90 days"],
  ["365", "In a year"],
];

/** The dialog that makes a token. */
export function CreateToken({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<Schemas["TokenCreated"] | null>(null);
  return made ? <Made made={made} onClose={onClose} /> : <Form onMade={setMade} onClose={onClose} />;
}

function Form({ onMade, onClose }: { onMade: (made: Schemas["TokenCreated"]) => void; onClose: () => void }) {
  const form = useId();
  const [label, setLabel] = useState("");
  const [days, setDays] = useState("0");
  const [tools, setTools] = useState<string[]>([]);
  const [isAdmin, setAdmin] = useState(false);
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: (body: Schemas["TokenIn"]) => ask(api.POST("/api/tokens", { body })),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["tokens"] });
      onMade(made);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const expires = days === "0" ? null : Date.now() + Number(days) * DAY;
    create.mutate({ label, expires, tools, scopes: isAdmin ? ["tools", "admin"] : ["tools"] });
  };
  return (
    <Dialog
      title="Create a token"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={form} tone="primary" busy={create.isPending}>
            Create
          </Button>
        </>
      }
    >
      <form id={form} className="stack" onSubmit={submit}>
        <TextField
          label="Label"
          help="Who will use it. It stands in the history beside every call."
          required
          maxLength={100}
          autoComplete="off"
          placeholder="Claude Desktop on my laptop"
          value={label}
          onChange={setLabel}
        />
        <SelectField label="Ends" choices={LIVES} value={days} onChange={setDays} />
        <AllowedTools tools={tools} onChange={setTools} />
        <Check
          label="May also administer Headrace"
          help="With the scope admin it opens /api: flows, connections, tokens, settings. Most clients do not need it."
          checked={isAdmin}
          onChange={setAdmin}
        />
        {create.error && <Failure error={create.error} />}
      </form>
    </Dialog>
  );
}

function AllowedTools({ tools, onChange }: { tools: string[]; onChange: (tools: string[]) => void }) {
  const known = useTools({ limit: 500 });
  const [text, setText] = useState("");
  const list = useId();
  const add = () => {
    const added = text.split(/[\s,]+/).filter((name) => name && !tools.includes(name));
    onChange([...tools, ...added]);
    setText("");
  };
  return (
    <Field
      label="Allowed tools"
      optional
      help="Names, or patterns such as get_*. Without any it may call all tools, later ones too."
    >
      {(control) => (
        <div className="stack">
          <span className={css.row}>
            <input
              {...control}
              list={list}
              autoComplete="off"
              spellCheck={false}
              value={text}
              onChange={(event) => setText(event.target.value)}
              onBlur={add}
              onKeyDown={(event) => {
                if (event.key !== "Enter" || !text.trim()) return;
                event.preventDefault();
                add();
              }}
            />
            <Button onClick={add}>Add</Button>
          </span>
          <datalist id={list}>
            {known.data?.tools.map((tool) => (
              <option key={String(tool.name)} value={String(tool.name)} />
            ))}
          </datalist>
          {tools.length > 0 && (
            <ul className={css.chips} aria-label="Allowed tools">
              {tools.map((name) => (
                <li key={name}>
                  <code>{name}</code>
                  <button
                    type="button"
                    aria-label={`Remove ${name}`}
                    onClick={() => onChange(tools.filter((each) => each !== name))}
                  >
                    ✕
                  </button>
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </Field>
  );
}

function Made({ made, onClose }: { made: Schemas["TokenCreated"]; onClose: () => void }) {
  return (
    <Dialog
      wide
      title={`The token ${made.info.label}`}
      onClose={onClose}
      actions={
        <Button tone="primary" onClick={onClose}>
          I have copied it
        </Button>
      }
    >
      <Notice tone="warn">This is the only time that the token is shown. It works from now on.</Notice>
      <CodeBlock text={made.token} label="The token" />
      <div>
        <h3>Connect a client</h3>
        <Snippets given={made.snippets} />
      </div>
    </Dialog>
  );
}
