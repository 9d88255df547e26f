// What clients call with: make tokens, see when they were used, end them.

import { useState } from "react";
import { Link } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { useStatus, useTokens } from "../api/queries";
import {
  ActionButton,
  Badge,
  Button,
  Check,
  type Column,
  Empty,
  Loaded,
  Notice,
  relative,
  Section,
  Table,
  Text,
  Time,
} from "../ui";
import { CreateToken } from "./create-token";
import css from "./settings.module.css";
import { Snippets } from "./snippets";

type Token = Schemas["TokenInfo"];

/** The section of the tokens. */
export function Tokens() {
  const query = useTokens();
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <Section
        title="Tokens"
        actions={
          <Button tone="primary" onClick={() => setCreating(true)}>
            Create a token
          </Button>
        }
      >
        <p className={css.lead}>
          One for each client, so that the history says who called, and one can be ended without the others.
        </p>
        <Loaded query={query}>
          {({ tokens }) => <TokenList tokens={tokens} onCreate={() => setCreating(true)} />}
        </Loaded>
      </Section>
      <WithoutToken />
      {isCreating && <CreateToken onClose={() => setCreating(false)} />}
    </>
  );
}

function TokenList({ tokens, onCreate }: { tokens: readonly Token[]; onCreate: () => void }) {
  const [showsEnded, setShowsEnded] = useState(false);
  const live = tokens.filter((token) => !endOf(token));
  const ended = tokens.length - live.length;
  const columns: Column<Token>[] = [
    { key: "label", title: "Label", show: (token) => <Label token={token} /> },
    { key: "tools", title: "May call", wide: true, show: (token) => <Rights token={token} /> },
    { key: "used", title: "Last used", show: (token) => <LastUse token={token} /> },
    { key: "expires", title: "Ends", wide: true, show: (token) => <End token={token} /> },
    { key: "created", title: "Created", wide: true, show: (token) => <Time at={token.created} /> },
    {
      key: "revoke",
      title: <span className="visually-hidden">Actions</span>,
      end: true,
      show: (token) => <Revoke token={token} />,
    },
  ];
  if (tokens.length === 0) {
    return (
      <Empty title="No tokens yet" action={<Button onClick={onCreate}>Create the first token</Button>}>
        You get what to paste into Claude Desktop, Claude Code, Cursor, VS Code or a shell with it.
      </Empty>
    );
  }
  const rows = showsEnded ? tokens : live;
  return (
    <>
      {rows.length > 0 ? (
        <Table caption="Tokens" columns={columns} rows={rows} rowKey={(token) => token.id} />
      ) : (
        <p>All tokens have ended.</p>
      )}
      {ended > 0 && <Check label={`Show the ${ended} that ended`} checked={showsEnded} onChange={setShowsEnded} />}
    </>
  );
}

function Label({ token }: { token: Token }) {
  const end = endOf(token);
  return (
    <>
      <strong>
        <Text>{token.label}</Text>
      </strong>{" "}
      {end && <Badge tone={end === "Revoked" ? "bad" : "warn"}>{end}</Badge>}
      <div className="small">
        <code>hr_{token.id}…</code>
      </div>
    </>
  );
}

function Rights({ token }: { token: Token }) {
  return (
    <>
      {token.tools.length === 0 ? "All tools" : <Text>{token.tools.join(", ")}</Text>}{" "}
      {token.scopes.includes("admin") && <Badge tone="accent">Administration</Badge>}
    </>
  );
}

function LastUse({ token }: { token: Token }) {
  if (!token.last_used) return <span className="small">Never</span>;
  return (
    <>
      <Time at={token.last_used} ago />
      <div className="small">
        <Text>{[token.last_client, token.last_address].filter(Boolean).join(" from ")}</Text>
      </div>
    </>
  );
}

function End({ token }: { token: Token }) {
  if (token.revoked) return <Time at={token.revoked} />;
  if (!token.expires) return "Never";
  return (
    <>
      <Time at={token.expires} />
      {token.expires > Date.now() && <div className="small">{relative(token.expires)}</div>}
    </>
  );
}

function Revoke({ token }: { token: Token }) {
  if (token.revoked) return null;
  return (
    <ActionButton
      small
      tone="danger"
      sure={{
        title: `Revoke the token ${token.label}?`,
        text: "Calls with it are refused at once. This cannot be undone.",
        action: "Revoke",
      }}
      act={() => ask(api.DELETE("/api/tokens/{token}", { params: { path: { token: token.id } } }))}
      done={() => `The token ${token.label} is revoked.`}
      stale={["tokens"]}
    >
      Revoke<span className="visually-hidden"> {token.label}</span>
    </ActionButton>
  );
}

/** While no token is asked for: how to connect without one. */
function WithoutToken() {
  const status = useStatus();
  if (!status.data || status.data.require_auth) return null;
  return (
    <Section title="Connect without a token">
      <Notice tone="warn">
        <p>
          Calls need no token now. <Link href="/settings/access">MCP authentication</Link> changes that.
        </p>
      </Notice>
      <Snippets />
    </Section>
  );
}

function endOf(token: Token): "" | "Revoked" | "Expired" {
  if (token.revoked) return "Revoked";
  return token.expires && token.expires <= Date.now() ? "Expired" : "";
}
