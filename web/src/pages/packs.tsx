// Packs: those that are installed, and the catalog of those that can be.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { InstallState } from "../packs/install-state";
import css from "../packs/packs.module.css";
import { usePacks } from "../packs/use-packs";
import { type Column, count, Empty, LinkButton, Loaded, Page, Section, Table, Text, TextField } from "../ui";

type Pack = Schemas["PackSummary"];
type Install = Schemas["InstallOut"];

export default function PacksPage() {
  const packs = usePacks();
  const installs = useQuery({ queryKey: ["installs"], queryFn: () => ask(api.GET("/api/packs/installs")) });
  return (
    <Page
      title="Packs"
      lead="Tools that are ready, in sets that share their connections."
      actions={<LinkButton href="/packs/_other">Install another pack</LinkButton>}
    >
      <Loaded query={installs} lines={3}>
        {(found) => found.installs.length > 0 && <Installed installs={found.installs} />}
      </Loaded>
      <Loaded query={packs}>{(found) => <Catalog packs={found.packs} />}</Loaded>
    </Page>
  );
}

const COLUMNS: Column<Install>[] = [
  { key: "name", title: "Install", show: (install) => <Text>{install.name}</Text> },
  { key: "pack", title: "Pack", show: (install) => <Text>{`${install.title} ${install.pack_version}`}</Text> },
  { key: "state", title: "State", show: (install) => <InstallState install={install} /> },
  { key: "tools", title: "Tools", end: true, wide: true, show: (install) => install.tools.length },
  {
    key: "connections",
    title: "Connections",
    wide: true,
    show: (install) => (
      <span className={css.foot}>
        {install.connections.map(({ name }) =>
          name ? (
            <Link key={name} href={`/connections/${encodeURIComponent(name)}`}>
              <Text>{name}</Text>
            </Link>
          ) : null,
        )}
      </span>
    ),
  },
];

function Installed({ installs }: { installs: readonly Install[] }) {
  return (
    <Section title="Installed">
      <Table
        caption="Installed packs"
        columns={COLUMNS}
        rows={installs}
        rowKey={(install) => install.name}
        href={(install) => `/packs/installed/${encodeURIComponent(install.name)}`}
      />
    </Section>
  );
}

function Catalog({ packs }: { packs: readonly Pack[] }) {
  const [search, setSearch] = useState("");
  const found = packs.filter((pack) => fits(pack, search));
  return (
    <Section title="Catalog">
      <TextField label="Search the catalog" type="search" value={search} onChange={setSearch} />
      {found.length === 0 && (
        <Empty title="No pack fits">
          Try another word. A pack can also be made of an OpenAPI description: <code>headrace pack from-openapi</code>.
        </Empty>
      )}
      <ul className={css.grid} aria-label="Packs of the catalog">
        {found.map((pack) => (
          <li key={pack.name}>
            <PackCard pack={pack} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function PackCard({ pack }: { pack: Pack }) {
  return (
    <article className={css.card}>
      <div className={css.cardHead}>
        <PackIcon title={pack.title} icon={pack.icon} />
        <h3>
          <Link href={`/packs/${encodeURIComponent(pack.name)}`}>
            <Text>{pack.title}</Text>
          </Link>
        </h3>
      </div>
      <p className="muted">
        <Text>{pack.description}</Text>
      </p>
      <div className={css.foot}>
        <span>{count(pack.tools, "tool")}</span>
        <span>version {pack.version}</span>
        {pack.installs.length > 0 && <span>installed {count(pack.installs.length, "time")}</span>}
      </div>
    </article>
  );
}

/** The icon of a pack, or the first letter of its title. */
function PackIcon({ title, icon }: { title: string; icon: string }) {
  if (icon) return <img src={icon} alt="" width={32} height={32} />;
  return (
    <span className={css.icon} aria-hidden="true">
      {title.slice(0, 1).toUpperCase()}
    </span>
  );
}

function fits(pack: Pack, search: string): boolean {
  const text = `${pack.name} ${pack.title} ${pack.description}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
