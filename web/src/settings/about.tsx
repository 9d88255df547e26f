import { useStatus } from "../api/queries";
import { Facts, Loaded, Section } from "../ui";

/** The section about Headrace itself. */
export function About() {
  const status = useStatus();
  return (
    <Section title="About">
      <Loaded query={status}>
        {(found) => (
          <Facts
            facts={[
              ["Version", found.version],
              ["Address", found.url],
              ["MCP", found.mcp_url],
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}
