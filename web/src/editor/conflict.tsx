// Somebody else saved the flow meanwhile: show both, and let the author decide.  Nothing is lost either way.

import { useQuery } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../api/client";
import { Button, CodeBlock, Dialog, Loaded, Text, Time } from "../ui";

/** Ask whose text is to be the current one. */
export function ConflictDialog({
  name,
  onMine,
  onTheirs,
  onClose,
}: {
  name: string;
  onMine: (digest: string) => void;
  onTheirs: (theirs: Schemas["FlowOut"]) => void;
  onClose: () => void;
}) {
  const theirs = useQuery({
    queryKey: ["flows", "theirs", name],
    queryFn: () => ask(api.GET("/api/flows/{name}", { params: { path: { name } } })),
    staleTime: 0,
    gcTime: 0,
  });
  const actions = theirs.data && (
    <>
      <Button onClick={onClose}>Go on editing</Button>
      <Button onClick={() => onTheirs(theirs.data)}>Take theirs</Button>
      <Button tone="primary" onClick={() => onMine(theirs.data.summary.digest)}>
        Save mine over it
      </Button>
    </>
  );
  return (
    <Dialog title="Somebody else saved this flow" wide onClose={onClose} actions={actions}>
      <p>
        Your text is still in the editor. Saved over theirs, theirs stays among the versions. If you take theirs, undo
        brings yours back.
      </p>
      <Loaded query={theirs}>
        {(flow) => (
          <>
            <p>
              <Text>{flow.summary.name}</Text> as it is stored now, from <Time at={flow.summary.updated} />:
            </p>
            <CodeBlock text={flow.text} label="Their text" tall />
          </>
        )}
      </Loaded>
    </Dialog>
  );
}
