// Other choices for an install, with what they would bring.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, type Schemas } from "../api/client";
import { INSTALLS_CHANGED, refresh } from "../api/queries";
import { Button, Dialog, Failure, Loaded, useToast } from "../ui";
import { bodyOf, type Details, draftFrom, previewable } from "./draft";
import { InstallForm, PreviewCard, usePreview } from "./install-form";
import { SignInDialog } from "./sign-in-dialog";
import { useInstalledPack } from "./use-packs";

type Install = Schemas["InstallOut"];

/** Change what was decided at install. */
export function ChangeDialog({ install, onClose }: { install: Install; onClose: () => void }) {
  const pack = useInstalledPack(install);
  if (pack.data) return <Form install={install} pack={pack.data} onClose={onClose} />;
  return (
    <Dialog title={`Change ${install.name}`} wide onClose={onClose}>
      <Loaded query={pack}>{() => null}</Loaded>
    </Dialog>
  );
}

function Form({ install, pack, onClose }: { install: Install; pack: Details; onClose: () => void }) {
  const [draft, setDraft] = useState(() => draftFrom(install));
  const queries = useQueryClient();
  const toast = useToast();
  const params = { params: { path: { name: install.name } } };
  const preview = usePreview(draft, (now) =>
    ask(api.POST("/api/packs/installs/{name}/preview", { ...params, body: bodyOf(previewable(now, pack)) })),
  );
  const change = useMutation({
    mutationFn: () => ask(api.PUT("/api/packs/installs/{name}", { ...params, body: bodyOf(draft) })),
    onSuccess: (now) => {
      refresh(queries, INSTALLS_CHANGED);
      toast.done(`${now.name} is changed.`);
      if (Object.keys(now.sign_in ?? {}).length === 0) onClose();
    },
  });
  const signIn = change.data?.sign_in ?? {};
  if (Object.keys(signIn).length > 0) return <SignInDialog signIn={signIn} onClose={onClose} />;
  return (
    <Dialog
      title={`Change ${install.name}`}
      wide
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" busy={change.isPending} onClick={() => change.mutate()}>
            Change
          </Button>
        </>
      }
    >
      <InstallForm pack={pack} draft={draft} isNew={false} onChange={setDraft} />
      <h3>What this brings</h3>
      <PreviewCard preview={preview.preview} error={preview.error} />
      {change.error && <Failure error={change.error} />}
    </Dialog>
  );
}
