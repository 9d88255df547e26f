// Every change of an install: other choices, another version, off and on, away.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { INSTALLS_CHANGED, refresh } from "../api/queries";
import { ActionButton, Button, Check, Dialog, Failure, Text, useToast } from "../ui";
import { ChangeDialog } from "./change-dialog";
import { draftFrom } from "./draft";
import { PreviewCard, usePreview } from "./install-form";
import css from "./packs.module.css";

type Install = Schemas["InstallOut"];
type Open = "" | "change" | "upgrade" | "remove";

/** The buttons of an install. */
export function InstallActions({ install }: { install: Install }) {
  const [open, setOpen] = useState<Open>("");
  const params = { params: { path: { name: install.name } } };
  const close = () => setOpen("");
  return (
    <>
      {install.upgrade && (
        <Button tone="primary" onClick={() => setOpen("upgrade")}>
          Upgrade to {install.upgrade}
        </Button>
      )}
      <Button tone={install.missing.length > 0 ? "primary" : "plain"} onClick={() => setOpen("change")}>
        Change
      </Button>
      <ActionButton
        act={() =>
          ask(
            api.POST(
              install.enabled ? "/api/packs/installs/{name}/disable" : "/api/packs/installs/{name}/enable",
              params,
            ),
          )
        }
        stale={INSTALLS_CHANGED}
      >
        {install.enabled ? "Switch off" : "Switch on"}
      </ActionButton>
      <Button tone="danger" onClick={() => setOpen("remove")}>
        Remove
      </Button>
      {open === "change" && <ChangeDialog install={install} onClose={close} />}
      {open === "upgrade" && <UpgradeDialog install={install} onClose={close} />}
      {open === "remove" && <RemoveDialog install={install} onClose={close} />}
    </>
  );
}

function UpgradeDialog({ install, onClose }: { install: Install; onClose: () => void }) {
  const queries = useQueryClient();
  const toast = useToast();
  const path = { name: install.name };
  const [draft] = useState(() => draftFrom(install));
  const preview = usePreview(draft, () =>
    ask(api.POST("/api/packs/installs/{name}/upgrade/preview", { params: { path }, body: {} })),
  );
  const upgrade = useMutation({
    mutationFn: () => ask(api.POST("/api/packs/installs/{name}/upgrade", { params: { path }, body: {} })),
    onSuccess: (now) => {
      refresh(queries, INSTALLS_CHANGED);
      toast.done(`${now.name} is at version ${now.pack_version}.`);
      onClose();
    },
  });
  return (
    <Dialog
      title={`Upgrade from ${install.pack_version} to ${install.upgrade}`}
      wide
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" busy={upgrade.isPending} disabled={!preview.preview} onClick={() => upgrade.mutate()}>
            Upgrade
          </Button>
        </>
      }
    >
      <p>Choices and connections stay. The version of now can be brought back afterwards.</p>
      <PreviewCard preview={preview.preview} error={preview.error} />
      {upgrade.error && <Failure error={upgrade.error} />}
    </Dialog>
  );
}

function RemoveDialog({ install, onClose }: { install: Install; onClose: () => void }) {
  const [together, setTogether] = useState(false);
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const toast = useToast();
  const alone = [...new Set(install.connections.filter((bound) => bound.only_here).map((bound) => bound.name))];
  const remove = useMutation({
    mutationFn: () =>
      ask(
        api.DELETE("/api/packs/installs/{name}", {
          params: { path: { name: install.name }, query: { connections: together } },
        }),
      ),
    onSuccess: () => {
      navigate("/packs");
      queries.removeQueries({ queryKey: ["installs", install.name] });
      refresh(queries, INSTALLS_CHANGED);
      toast.done(`${install.name} is removed.`);
    },
  });
  return (
    <Dialog
      title={`Remove ${install.name}?`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
            Remove
          </Button>
        </>
      }
    >
      <p>It takes its versions and these tools with it; clients do not see them any more:</p>
      <ul className={css.tools}>
        {install.tools.map((tool) => (
          <li key={tool.name}>
            <code>
              <Text>{tool.name}</Text>
            </code>
          </li>
        ))}
      </ul>
      {alone.length > 0 && (
        <Check
          label={`Remove the connections that only it uses, too: ${alone.join(", ")}`}
          help="With their secrets. Without this they stay."
          checked={together}
          onChange={setTogether}
        />
      )}
      {remove.error && <Failure error={remove.error} />}
    </Dialog>
  );
}
