// Settings as rows: what each does, its value, where that comes from, and a field where it can be changed here.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { api, ask, type Schemas } from "../api/client";
import { useSettings } from "../api/queries";
import { useSession } from "../api/session";
import { Button, Failure, Loaded, Prose, Section, Text, useConfirm, useToast } from "../ui";
import { SettingControl } from "./setting-control";
import css from "./settings.module.css";

type Setting = Schemas["SettingOut"];

const CLOSES_PAGES = {
  title: "Close these pages, too?",
  text: "There is no account yet, so the pages will ask for the code in the log of the server next. To go on without it, cancel, and make the account first, under Account.",
  action: "Close them",
};

/** The settings of a group. */
export function SettingGroup({ id }: { id: string }) {
  const query = useSettings();
  return (
    <Loaded query={query}>
      {({ settings, groups }) => {
        const group = groups.find((each) => each.id === id);
        return (
          <Section title={group?.title ?? id}>
            <p className={css.lead}>{group?.description}</p>
            <Settings key={id} settings={settings.filter((setting) => setting.group === id)} />
          </Section>
        );
      }}
    </Loaded>
  );
}

function Settings({ settings }: { settings: readonly Setting[] }) {
  const [edits, setEdits] = useState<Record<string, unknown>>({});
  const queries = useQueryClient();
  const tell = useToast();
  const save = useMutation({
    mutationFn: (values: Record<string, unknown>) => ask(api.PATCH("/api/settings", { body: { values } })),
    onSuccess: (saved) => {
      queries.setQueryData(["settings"], saved);
      for (const key of ["status", "snippets", "session"]) void queries.invalidateQueries({ queryKey: [key] });
      setEdits({});
      tell.done("Saved. It is in force now.");
    },
  });
  const isChanged = Object.keys(edits).length > 0;
  const confirm = useConfirm();
  const session = useSession();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const closesPages = edits.require_auth === true && session.data?.state === "open";
    if (!closesPages || (await confirm(CLOSES_PAGES))) save.mutate(edits);
  };
  return (
    <form className="stack" onSubmit={submit}>
      <div className={css.settings}>
        {settings.map((setting) => (
          <Row
            key={setting.name}
            setting={setting}
            value={setting.name in edits ? edits[setting.name] : setting.value}
            onChange={(value) => setEdits(changed(edits, setting, value))}
            onReset={() => save.mutate({ [setting.name]: null })}
          />
        ))}
      </div>
      {save.error && <Failure error={save.error} />}
      {settings.some((setting) => setting.can_change) && (
        <div className="row">
          <Button type="submit" tone="primary" disabled={!isChanged} busy={save.isPending}>
            Save
          </Button>
          {isChanged && (
            <Button tone="quiet" onClick={() => setEdits({})}>
              Undo
            </Button>
          )}
        </div>
      )}
    </form>
  );
}

function Row({
  setting,
  value,
  onChange,
  onReset,
}: {
  setting: Setting;
  value: unknown;
  onChange: (value: unknown) => void;
  onReset: () => void;
}) {
  const id = useId();
  const isDefault = setting.origin === "default";
  return (
    <div className={css.setting}>
      <div>
        <label htmlFor={id}>
          <strong>{inWords(setting.name)}</strong>
        </label>
        <p id={`${id}-help`} className="small">
          <Prose>{setting.description}</Prose> Default: <Prose>{setting.default}</Prose>.
        </p>
      </div>
      <div className={css.value}>
        {setting.can_change ? (
          <SettingControl id={id} setting={setting} value={value} onChange={onChange} />
        ) : (
          <output id={id} aria-describedby={`${id}-help`}>
            <code>
              <Text>{shown(setting.value)}</Text>
            </code>
          </output>
        )}
        <p className="small">
          {isDefault ? (
            "The default"
          ) : (
            <>
              Set by <Text>{setting.origin}</Text>
            </>
          )}
          {!setting.can_change &&
            (setting.origin === setting.variable ? (
              "; change it there and restart"
            ) : (
              <>
                ; to change it, set <code>{setting.variable}</code> and restart
              </>
            ))}
          {setting.can_change && !isDefault && (
            <>
              {" "}
              <Button small tone="quiet" onClick={onReset}>
                Back to the default<span className="visually-hidden"> of {inWords(setting.name)}</span>
              </Button>
            </>
          )}
        </p>
      </div>
    </div>
  );
}

function changed(edits: Record<string, unknown>, setting: Setting, value: unknown): Record<string, unknown> {
  const { [setting.name]: _, ...others } = edits;
  return JSON.stringify(value) === JSON.stringify(setting.value) ? others : { ...others, [setting.name]: value };
}

function inWords(name: string): string {
  const words = name.replaceAll("_", " ").replace(/\b(url|mcp|nats|ca|api)\b/g, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function shown(value: unknown): string {
  if (value === true) return "yes";
  if (value === false) return "no";
  if (Array.isArray(value)) return value.length > 0 ? value.join(", ") : "none";
  if (value !== null && typeof value === "object") return Object.keys(value).join(", ") || "none";
  return value === null || value === "" ? "none" : String(value);
}
