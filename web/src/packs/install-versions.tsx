// What an install was before, and the way back.

import { useQuery } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../api/client";
import { INSTALLS_CHANGED } from "../api/queries";
import { ActionButton, Badge, type Column, Loaded, Table, Text, Time } from "../ui";

type Install = Schemas["InstallOut"];
type Version = Schemas["InstallVersionsOut"]["versions"][number];

/** List the versions of an install. */
export function InstallVersions({ install }: { install: Install }) {
  const path = { name: install.name };
  const versions = useQuery({
    queryKey: ["installs", install.name, "versions", install.number],
    queryFn: () => ask(api.GET("/api/packs/installs/{name}/versions", { params: { path } })),
  });
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
          <ActionButton
            small
            aria-label={`Bring back version ${version.number}`}
            sure={{
              title: `Bring version ${version.number} back?`,
              text: `The pack's version ${version.pack_version} and the choices of then become the current ones. Connections stay as they are.`,
              action: "Bring it back",
            }}
            act={() =>
              ask(
                api.POST("/api/packs/installs/{name}/rollback", { params: { path }, body: { number: version.number } }),
              )
            }
            done={(now) => `${now.name} is as it was, with ${now.title} ${now.pack_version}.`}
            stale={INSTALLS_CHANGED}
          >
            Bring back
          </ActionButton>
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
