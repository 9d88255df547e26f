// One connection: how it is, a test of it, who uses it, and every change.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { INSTALLS_CHANGED } from "../api/queries";
import { ConnectionForm } from "../connections/connection-form";
import css from "../connections/connections.module.css";
import { Health, KINDS } from "../connections/health";
import { useConnection } from "../connections/use-connections";
import { objectOf } from "../forms/values";
import {
  ActionButton,
  Button,
  Card,
  CodeBlock,
  Dialog,
  Facts,
  Failure,
  Notice,
  Page,
  PageOf,
  Prose,
  Section,
  Text,
  Time,
  Tree,
  useToast,
} from "../ui";

type Connection = Schemas["ConnectionOut"];

export default function ConnectionPage() {
  const { name = "" } = useParams<{ name: string }>();
  const connection = useConnection(decodeURIComponent(name));
  return (
    <PageOf title={name} back={<Link href="/connections">Connections</Link>} query={connection}>
      {(found) => <Shown connection={found} />}
    </PageOf>
  );
}

function Shown({ connection }: { connection: Connection }) {
  const [isEditing, setEditing] = useState(false);
  const toast = useToast();
  const isOwn = connection.origin === "api";
  const { auth, ...settings } = objectOf(connection.config);
  return (
    <Page
      title={connection.name}
      lead={<Health connection={connection} />}
      back={<Link href="/connections">Connections</Link>}
      actions={
        isOwn && (
          <>
            <Button onClick={() => setEditing(true)}>Change</Button>
            <Delete connection={connection} />
          </>
        )
      }
    >
      {connection.problem && (
        <Notice tone="bad">
          <Prose>{connection.problem}</Prose>
        </Notice>
      )}
      {!isOwn && <Notice>This connection stands in the settings of the server, so it is changed there.</Notice>}
      <Card>
        <Facts
          facts={[
            ["Kind", KINDS[connection.kind]],
            ["Secrets", connection.secrets.length ? `${connection.secrets.join(", ")} (never shown)` : "none"],
            ["Changed", connection.changed ? <Time key="changed" at={connection.changed} /> : "in the settings"],
            ["By", <Text key="by">{connection.author || "–"}</Text>],
          ]}
        />
        {Object.keys(settings).length > 1 && <Tree value={withoutEmpty({ ...settings, auth })} label="Settings" />}
      </Card>
      <Test name={connection.name} />
      {connection.sign_in && <SignIn name={connection.name} state={connection.sign_in} />}
      <Section title="What depends on it">
        <Users connection={connection} />
      </Section>
      {isEditing && (
        <Dialog title={`Change ${connection.name}`} wide onClose={() => setEditing(false)}>
          <ConnectionForm
            connection={connection}
            onCancel={() => setEditing(false)}
            onSaved={(saved) => {
              setEditing(false);
              toast.done(`${saved.name} is changed; flows use it so from their next call on.`);
            }}
          />
        </Dialog>
      )}
    </Page>
  );
}

function Test({ name }: { name: string }) {
  const test = useMutation({
    mutationFn: () => ask(api.POST("/api/connections/{name}/test", { params: { path: { name } } })),
  });
  return (
    <Section
      title="Does it work?"
      actions={
        <Button busy={test.isPending} onClick={() => test.mutate()}>
          Test it
        </Button>
      }
    >
      <div aria-live="polite">
        {test.data && (
          <Notice tone={test.data.is_ok ? "ok" : "bad"}>
            <Prose>{test.data.message}</Prose>
          </Notice>
        )}
        {test.error && <Failure error={test.error} />}
        {!test.data && !test.error && <p className="muted">A test reaches the service once, and changes nothing.</p>}
      </div>
    </Section>
  );
}

function SignIn({ name, state }: { name: string; state: Schemas["SignInOut"] }) {
  const start = useMutation({
    mutationFn: () => ask(api.POST("/api/connections/{name}/oauth/start", { params: { path: { name } } })),
  });
  // Once somebody has signed in with it, the link is spent.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is what a new token tells
  useEffect(() => start.reset(), [state.refreshed]);
  return (
    <Section title="Sign-in">
      <Card>
        <Facts
          facts={[
            ["Signed in", state.signed_in ? "yes" : "no"],
            ["Last token", state.refreshed ? <Time key="refreshed" at={state.refreshed} /> : "none yet"],
            ["It ends", state.expires ? <Time key="expires" at={state.expires} /> : "–"],
          ]}
        />
        {state.error && (
          <Notice tone="bad">
            <Prose>{state.error}</Prose>
          </Notice>
        )}
        <div>
          <p className="muted">Register this address at the provider, letter by letter:</p>
          <CodeBlock text={state.redirect_uri} label="Redirect URI" />
        </div>
        <div className="row" aria-live="polite">
          {start.data ? (
            <a href={start.data.url} target="_blank" rel="noreferrer noopener">
              Open the sign-in; it works once, for ten minutes
            </a>
          ) : (
            <Button tone="primary" busy={start.isPending} onClick={() => start.mutate()}>
              {state.signed_in ? "Sign in again" : "Sign in"}
            </Button>
          )}
        </div>
        {start.error && <Failure error={start.error} />}
      </Card>
    </Section>
  );
}

function Users({ connection }: { connection: Connection }) {
  const { dependents, installs, tokens } = connection;
  if (dependents.length + installs.length === 0) return <p className="muted">Nothing uses it yet.</p>;
  return (
    <Facts
      facts={[
        ["Flows", <Links key="flows" names={dependents} path="/flows" />],
        ["Packs", <Links key="packs" names={installs} path="/packs/installed" />],
        ["Tokens that reach it", <Text key="tokens">{tokens.join(", ") || "none"}</Text>],
      ]}
    />
  );
}

function Links({ names, path }: { names: readonly string[]; path: string }) {
  if (names.length === 0) return "none";
  return (
    <ul className={css.list}>
      {names.map((name) => (
        <li key={name}>
          <Link href={`${path}/${encodeURIComponent(name)}`}>
            <Text>{name}</Text>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Delete({ connection }: { connection: Connection }) {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const users = [...connection.dependents, ...connection.installs.map((install) => `the pack ${install}`)];
  const params = { path: { name: connection.name }, query: { force: true } };
  return (
    <ActionButton
      tone="danger"
      sure={{
        title: `Delete ${connection.name}?`,
        text: users.length
          ? `Its secrets go with it. These use it, and will fail or disappear: ${users.join(", ")}.`
          : "Its secrets go with it. Nothing uses it.",
        action: "Delete",
      }}
      act={() => ask(api.DELETE("/api/connections/{name}", { params }))}
      done={() => `${connection.name} is deleted.`}
      onDone={() => {
        navigate("/connections");
        queries.removeQueries({ queryKey: ["connections", connection.name] });
      }}
      stale={INSTALLS_CHANGED}
    >
      Delete
    </ActionButton>
  );
}

/** Settings without those that are empty, at any depth. */
function withoutEmpty(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, withoutEmpty(each)] as const);
  return Object.fromEntries(entries.filter(([, each]) => !isEmpty(each)));
}

function isEmpty(value: unknown): boolean {
  if (value !== null && typeof value === "object") return Object.keys(value).length === 0;
  return value === undefined || value === null || value === "";
}
