// One pack of the catalog: what its tools do and what it needs; and the form with which it is installed.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { INSTALLS_CHANGED, refresh } from "../api/queries";
import { bodyOf, type Details, draftOf, previewable } from "../packs/draft";
import { InstallForm, PreviewCard, usePreview } from "../packs/install-form";
import { Markdown } from "../packs/markdown";
import css from "../packs/packs.module.css";
import { SignInDialog } from "../packs/sign-in-dialog";
import { usePack } from "../packs/use-packs";
import {
  Badge,
  Button,
  Card,
  type Column,
  Facts,
  Failure,
  LinkButton,
  Page,
  PageOf,
  Prose,
  Section,
  Table,
  Text,
  useToast,
} from "../ui";

type Tool = Schemas["PackTool"];

/** `/packs/:name`: what the pack is. */
export default function PackPage() {
  const { name = "" } = useParams<{ name: string }>();
  const pack = usePack(decodeURIComponent(name));
  return (
    <PageOf title={name} back={<Link href="/packs">Packs</Link>} query={pack}>
      {(found) => <About pack={found} />}
    </PageOf>
  );
}

/** `/packs/:name/install`: install it. */
export function InstallPage() {
  const { name = "" } = useParams<{ name: string }>();
  const pack = usePack(decodeURIComponent(name));
  return (
    <PageOf title="Install" back={<Link href="/packs">Packs</Link>} query={pack}>
      {(found) => <Wizard pack={found} source={{ pack: found.summary.name }} />}
    </PageOf>
  );
}

const TOOLS: Column<Tool>[] = [
  {
    key: "name",
    title: "Tool",
    show: (tool) => (
      <code className={css.tool}>
        <Text>{tool.name}</Text>
      </code>
    ),
  },
  { key: "about", title: "What it does", show: (tool) => <Text>{tool.description}</Text> },
  {
    key: "effect",
    title: "Effect",
    wide: true,
    show: (tool) => (tool.read_only ? <Badge>reads</Badge> : <Badge tone="warn">changes things</Badge>),
  },
];

function About({ pack }: { pack: Details }) {
  const { summary } = pack;
  return (
    <Page
      title={summary.title}
      lead={<Text>{summary.description}</Text>}
      back={<Link href="/packs">Packs</Link>}
      actions={
        <LinkButton tone="primary" href={`/packs/${encodeURIComponent(summary.name)}/install`}>
          Install
        </LinkButton>
      }
    >
      <Card>
        <Facts
          facts={[
            ["Version", summary.version],
            ["From", summary.source],
            ["Needs", <Needs key="needs" pack={pack} />],
            ["Installed as", <Installs key="installs" names={summary.installs} />],
          ]}
        />
      </Card>
      <Section title={`Tools (${pack.tools.length})`}>
        <Table caption="Tools of the pack" columns={TOOLS} rows={pack.tools} rowKey={(tool) => tool.name} />
      </Section>
      {pack.readme && (
        <Section title="About">
          <Card>
            <Markdown text={pack.readme} />
          </Card>
        </Section>
      )}
    </Page>
  );
}

function Needs({ pack }: { pack: Details }) {
  const needs = Object.entries(pack.connections);
  if (needs.length === 0) return "nothing";
  return needs.map(([own, declared]) => (
    <div key={own}>
      <Prose>{declared.title || own}</Prose> <span className="muted">({declared.kind})</span>
    </div>
  ));
}

function Installs({ names }: { names: readonly string[] }) {
  if (names.length === 0) return "not yet";
  return names.map((name) => (
    <div key={name}>
      <Link href={`/packs/installed/${encodeURIComponent(name)}`}>
        <Text>{name}</Text>
      </Link>
    </div>
  ));
}

/** Decide everything that is decided at install, and install. */
export function Wizard({ pack, source, back }: { pack: Details; source: Schemas["PackSource"]; back?: string }) {
  const origin = back ?? `/packs/${encodeURIComponent(pack.summary.name)}`;
  const [draft, setDraft] = useState(() => draftOf(pack));
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const toast = useToast();
  const preview = usePreview(draft, (now) =>
    ask(api.POST("/api/packs/preview", { body: { source, name: now.name, ...bodyOf(previewable(now, pack)) } })),
  );
  const installing = useMutation({
    mutationFn: () => ask(api.POST("/api/packs/installs", { body: { source, name: draft.name, ...bodyOf(draft) } })),
    onSuccess: (install) => {
      refresh(queries, INSTALLS_CHANGED);
      toast.done(`${install.name} is installed.`);
      if (Object.keys(install.sign_in ?? {}).length === 0) done(install.name);
    },
  });
  const done = (name: string) => navigate(`/packs/installed/${encodeURIComponent(name)}`);
  const signIn = installing.data?.sign_in ?? {};
  return (
    <Page
      title={`Install ${pack.summary.title}`}
      back={
        <Link href={origin}>
          <Text>{back ? "Packs" : pack.summary.title}</Text>
        </Link>
      }
    >
      <form
        className={css.columns}
        onSubmit={(event) => {
          event.preventDefault();
          installing.mutate();
        }}
      >
        <div className="stack">
          <InstallForm pack={pack} draft={draft} isNew onChange={setDraft} />
          {installing.error && <Failure error={installing.error} />}
          <div className="row">
            <Button type="submit" tone="primary" busy={installing.isPending}>
              Install
            </Button>
            <LinkButton href={origin}>Cancel</LinkButton>
          </div>
        </div>
        <div className={css.aside}>
          <h2>What will appear</h2>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <section className={css.box} aria-label="What will appear" tabIndex={0}>
            <PreviewCard preview={preview.preview} error={preview.error} />
          </section>
        </div>
      </form>
      {installing.data && Object.keys(signIn).length > 0 && (
        <SignInDialog signIn={signIn} onClose={() => done(installing.data.name)} />
      )}
    </Page>
  );
}
