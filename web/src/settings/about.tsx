// What this installation is made of.

import type { Schemas } from "../api/client";
import { useAbout, useStatus } from "../api/queries";
import { type Column, Facts, Loaded, Section, Table, Text, visible } from "../ui";

type Library = Schemas["Library"];
type PageLibrary = Schemas["PageLibrary"];

const COLUMNS: Column<Library>[] = [
  { key: "name", title: "Library", show: ({ name }) => <Text>{name}</Text> },
  { key: "version", title: "Version", tight: true, show: ({ version }) => <Text>{version}</Text> },
  { key: "licence", title: "Licence", show: ({ licence }) => <Text>{licence || "not said"}</Text> },
];

const PAGE_COLUMNS: Column<PageLibrary>[] = [
  ...COLUMNS.slice(0, 2),
  { key: "licence", title: "Licence", show: (library) => <Licence library={library} /> },
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
      <Section title="Libraries of the server">
        <Loaded query={about}>
          {({ libraries }) => (
            <Table caption="Libraries of the server" columns={COLUMNS} rows={libraries} rowKey={({ name }) => name} />
          )}
        </Loaded>
      </Section>
      <Section title="Libraries of these pages">
        <Loaded query={about}>
          {({ page_libraries: libraries }) => (
            <Table
              caption="Libraries of these pages"
              columns={PAGE_COLUMNS}
              rows={libraries}
              rowKey={({ name }) => name}
            />
          )}
        </Loaded>
      </Section>
    </>
  );
}

/** The licence of a library in these pages, with its text to unfold. */
function Licence({ library: { name, licence, text } }: { library: PageLibrary }) {
  if (!text) return <Text>{licence}</Text>;
  return (
    <details>
      <summary>
        <Text>{licence}</Text>
        <span className="visually-hidden"> of {name}</span>
      </summary>
      <pre className="small">{visible(text)}</pre>
    </details>
  );
}
