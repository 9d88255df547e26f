import type { Schemas } from "../api/client";
import { useSnippets } from "../api/queries";
import { CodeBlock, Loaded, Tabs, Text } from "../ui";
import css from "./settings.module.css";

/** The configuration for each client; with a token in it when it is given, else without one. */
export function Snippets({ given }: { given?: readonly Schemas["Snippet"][] }) {
  return given ? <SnippetTabs snippets={given} /> : <Asked />;
}

function Asked() {
  const query = useSnippets();
  return <Loaded query={query}>{({ snippets }) => <SnippetTabs snippets={snippets} />}</Loaded>;
}

function SnippetTabs({ snippets }: { snippets: readonly Schemas["Snippet"][] }) {
  return (
    <Tabs
      label="Clients"
      tabs={snippets.map((snippet) => ({
        key: snippet.client,
        title: snippet.title,
        show: () => (
          <>
            <p className={css.where}>
              Paste it <Text>{snippet.where}</Text>:
            </p>
            <CodeBlock text={snippet.text} label={`Configuration for ${snippet.title}`} />
          </>
        ),
      }))}
    />
  );
}
