// One install of a pack: its tools with switches, what it reaches, its versions, and every change of it.

import { useState } from "react";
import { Link, useParams } from "wouter";
import type { Schemas } from "../api/client";
import { useStatus } from "../api/queries";
import { InstallActions } from "../packs/install-actions";
import { InstallState } from "../packs/install-state";
import { InstallTools } from "../packs/install-tools";
import { InstallVersions } from "../packs/install-versions";
import { useInstall } from "../packs/use-packs";
import { Badge, Card, CodeBlock, Facts, Notice, Page, PageOf, Prose, Section, type Tab, Tabs, Text, Time } from "../ui";

type Install = Schemas["InstallOut"];

export default function InstallPage() {
  const { name = "" } = useParams<{ name: string }>();
  const install = useInstall(decodeURIComponent(name));
  return (
    <PageOf title={name} back={<Link href="/packs">Packs</Link>} query={install}>
      {(found) => <Shown install={found} />}
    </PageOf>
  );
}

function Shown({ install }: { install: Install }) {
  const [tab, setTab] = useState("tools");
  const status = useStatus();
  const tabs: Tab[] = [
    { key: "tools", title: `Tools (${install.tools.length})`, show: () => <InstallTools install={install} /> },
    { key: "connections", title: "Connections", show: () => <Reaches install={install} /> },
    { key: "versions", title: "Versions", show: () => <InstallVersions install={install} /> },
  ];
  return (
    <Page
      title={install.name}
      lead={<InstallState install={install} />}
      back={<Link href="/packs">Packs</Link>}
      actions={<InstallActions install={install} />}
    >
      {install.missing.map((sentence) => (
        <Notice key={sentence} tone="warn">
          <Prose>{sentence}</Prose>
        </Notice>
      ))}
      <Card>
        <Facts
          facts={[
            ["Pack", `${install.title} ${install.pack_version}`],
            ["From", install.source],
            ["Prefix of the tools", install.choices.prefix || "none"],
            ["Changed", <Time key="changed" at={install.updated} />],
            ["By", <Text key="by">{install.author}</Text>],
          ]}
        />
        {status.data && (
          <Section title="Only these tools are served at">
            <CodeBlock text={`${status.data.url}${install.path}`} label="Address of this install" />
          </Section>
        )}
      </Card>
      <Tabs label="Views of the install" tabs={tabs} selected={tab} onSelect={setTab} />
    </Page>
  );
}

function Reaches({ install }: { install: Install }) {
  if (install.connections.length === 0) return <p>It needs no connection.</p>;
  return (
    <ul className="stack">
      {install.connections.map((bound) => (
        <li key={bound.own} className="row">
          <strong>
            <Text>{bound.own}</Text>
          </strong>
          {bound.name ? (
            <Link href={`/connections/${encodeURIComponent(bound.name)}`}>
              <Text>{bound.name}</Text>
            </Link>
          ) : (
            <span className="muted">not bound</span>
          )}
          {bound.lacking ? <Badge tone="warn">not ready</Badge> : <Badge tone="ok">ready</Badge>}
          {bound.lacking && (
            <span className="muted">
              <Prose>{bound.lacking}</Prose>
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
