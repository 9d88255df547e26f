// The services that flows reach, and how those connections are.

import { useState } from "react";
import { useLocation } from "wouter";
import type { Schemas } from "../api/client";
import { ConnectionForm } from "../connections/connection-form";
import { Health, KINDS } from "../connections/health";
import { useConnections } from "../connections/use-connections";
import { Button, type Column, count, Dialog, Empty, Loaded, Page, Table, Text, Time } from "../ui";

type Connection = Schemas["ConnectionOut"];

const COLUMNS: Column<Connection>[] = [
  { key: "name", title: "Connection", show: (each) => <Text>{each.name}</Text> },
  { key: "kind", title: "Kind", show: (each) => KINDS[each.kind] },
  { key: "to", title: "To", wide: true, show: (each) => <Text>{addressOf(each)}</Text> },
  { key: "health", title: "State", show: (each) => <Health connection={each} /> },
  { key: "used", title: "Used by", wide: true, show: (each) => count(each.dependents.length, "flow") },
  {
    key: "changed",
    title: "Changed",
    wide: true,
    end: true,
    show: (each) => (each.changed ? <Time at={each.changed} ago /> : "in the settings"),
  },
];

export default function ConnectionsPage() {
  const connections = useConnections();
  const [isNew, setNew] = useState(false);
  const [, navigate] = useLocation();
  const add = (
    <Button tone="primary" onClick={() => setNew(true)}>
      New connection
    </Button>
  );
  return (
    <Page
      title="Connections"
      lead="Services that flows reach. Credentials go in, and never come out again."
      actions={add}
    >
      <Loaded query={connections}>
        {(found) =>
          found.connections.length === 0 ? (
            <Empty title="No connections yet" action={add}>
              A connection holds the address and the credentials of one service, for all flows that use it.
            </Empty>
          ) : (
            <Table
              caption="Connections"
              columns={COLUMNS}
              rows={found.connections}
              rowKey={(each) => each.name}
              href={(each) => `/connections/${encodeURIComponent(each.name)}`}
            />
          )
        }
      </Loaded>
      {isNew && (
        <Dialog title="New connection" wide onClose={() => setNew(false)}>
          <ConnectionForm
            onSaved={(saved) => navigate(`/connections/${encodeURIComponent(saved.name)}`)}
            onCancel={() => setNew(false)}
          />
        </Dialog>
      )}
    </Page>
  );
}

/** Where a connection leads, as far as that may be shown. */
function addressOf(connection: Connection): string {
  const config = connection.config as { base_url?: string; description?: string } | null;
  return config?.base_url || config?.description || "";
}
