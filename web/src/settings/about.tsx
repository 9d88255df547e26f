// What this installation is made of.

import type { Schemas } from "../api/client";
import { useAbout, useStatus } from "../api/queries";
import { type Column, Facts, Loaded, Section, Table, Text } from "../ui";

type Library = Schemas["Library"];

const COLUMNS: Column<Library>[] = [
  { key: "name", title: "Library", show: ({ name }) => <Text>{name}</Text> },
  { key: "version", title: "Version", tight: true, show: ({ version }) => <Text>{version}</Text> },
  { key: "licence", title: "Licence", show: ({ licence }) => <Text>{licence || "not said"}</Text> },
];

/** The section about Headrace itself. */
export function About() {
  const about = useAbout();
  const status = useStatus();
  return (
    <>
      <Section title="About">
        <Loaded query={about}>
          {(found) => (
            <Facts
              facts={[
                ["Version", found.version],
                ["Python", found.python],
                ["Database", found.database],
                ["Address", <Text key="address">{status.data?.url ?? ""}</Text>],
                ["MCP", <Text key="mcp">{status.data?.mcp_url ?? ""}</Text>],
                ["Revisions of MCP", found.mcp_revisions.join(", ")],
              ]}
            />
          )}
        </Loaded>
      </Section>
      <Section title="Libraries and their licences">
        <Loaded query={about}>
          {({ libraries }) => (
            <Table caption="Libraries" columns={COLUMNS} rows={libraries} rowKey={({ name }) => name} />
          )}
        </Loaded>
      </Section>
    </>
  );
}
