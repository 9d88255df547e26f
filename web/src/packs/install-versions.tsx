// What an install was before, and the way back.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../api/client";
import { Badge, Button, type Column, Loaded, Table, Text, Time, useConfirm, useToast } from "../ui";
import { refreshInstalls } from "./use-packs";

type Install = Schemas["InstallOut"];
type Version = Schemas["InstallVersionsOut"]["versions"][number];

/** List the versions of an install. */
export function InstallVersions({ install }: { install: Install }) {
  const path = { name: install.name };
  const versions = useQuery({
    queryKey: ["installs", install.name, "versions", install.number],
    queryFn: () => ask(api.GET("/api/packs/installs/{name}/versions", { params: { path } })),
  });
  const queries = useQueryClient();
  const confirm = useConfirm();
  const toast = useToast();
  const rollback = useMutation({
    mutationFn: (number: number) =>
      ask(api.POST("/api/packs/installs/{name}/rollback", { params: { path }, body: { number } })),
    onSuccess: (now) => {
      refreshInstalls(queries);
      toast.done(`${now.name} is as it was, with ${now.title} ${now.pack_version}.`);
    },
    onError: toast.failed,
  });
  const askFirst = async (version: Version) => {
    const isSure = await confirm({
      title: `Bring version ${version.number} back?`,
      text: `The pack's version ${version.pack_version} and the choices of then become the current ones. Connections stay as they are.`,
      action: "Bring it back",
    });
    if (isSure) rollback.mutate(version.number);
  };
  const columns: Column<Version>[] = [
    { key: "number", title: "Version", show: (version) => version.number },
    { key: "pack", title: "Pack", show: (version) => version.pack_version },
    { key: "when", title: "Made", show: (version) => <Time at={version.created} /> },
    { key: "author", title: "By", wide: true, show: (version) => <Text>{version.author}</Text> },
    {
      key: "back",
      title: <span className="visually-hidden">Bring back</span>,
      end: true,
      show: (version) =>
        version.number === install.number ? (
          <Badge tone="accent">current</Badge>
        ) : (
          <Button small aria-label={`Bring back version ${version.number}`} onClick={() => askFirst(version)}>
            Bring back
          </Button>
        ),
    },
  ];
  return (
    <Loaded query={versions} lines={3}>
      {(found) => (
        <Table
          caption="Versions of the install"
          columns={columns}
          rows={found.versions}
          rowKey={(version) => String(version.number)}
        />
      )}
    </Loaded>
  );
}
