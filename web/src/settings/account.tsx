// The owner's account: make it, change its password, see and end the places where somebody is signed in.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, ask, type Schemas } from "../api/client";
import { useAccount } from "../api/queries";
import { type Session, useSession, useSignOut } from "../api/session";
import { AccountForm, PasswordField } from "../shell/entrance";
import {
  ActionButton,
  Button,
  type Column,
  Failure,
  Loaded,
  Notice,
  Section,
  Table,
  Text,
  Time,
  useToast,
} from "../ui";
import css from "./settings.module.css";

type Place = Schemas["AccountOut"]["sessions"][number];

/** The section of the account. */
export function Account() {
  const session = useSession();
  return (
    <Loaded query={session}>{(who) => (who.state === "open" ? <Open session={who} /> : <Mine session={who} />)}</Loaded>
  );
}

function Open({ session }: { session: Session }) {
  return (
    <Section title="Account">
      {session.notices.map((notice) => (
        <Notice key={notice} tone="warn">
          <Text>{notice}</Text>
        </Notice>
      ))}
      <p className={css.lead}>
        With an account, these pages ask for its password. Tokens of clients are not concerned.
      </p>
      <AccountForm session={session} />
    </Section>
  );
}

function Mine({ session }: { session: Session }) {
  const signOut = useSignOut();
  return (
    <>
      <Section
        title="Account"
        actions={
          <Button busy={signOut.isPending} onClick={() => signOut.mutate(undefined)}>
            Sign out
          </Button>
        }
      >
        <p>
          Signed in as{" "}
          <strong>
            <Text>{session.name}</Text>
          </strong>
          .
        </p>
        {signOut.error && <Failure error={signOut.error} />}
      </Section>
      <Password minimum={session.min_password} />
      <Places />
    </>
  );
}

function Password({ minimum }: { minimum: number }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const queries = useQueryClient();
  const tell = useToast();
  const change = useMutation({
    mutationFn: () => ask(api.PUT("/api/account/password", { body: { current, password } })),
    onSuccess: (account) => {
      queries.setQueryData(["account"], account);
      setCurrent("");
      setPassword("");
      tell.done("The password is changed. All other places are signed out.");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Section title="Change the password">
      <form className="stack narrow" onSubmit={submit}>
        <PasswordField label="Current password" autoComplete="current-password" value={current} onChange={setCurrent} />
        <PasswordField
          label="New password"
          help={`At least ${minimum} characters.`}
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
        />
        {change.error && <Failure error={change.error} />}
        <div>
          <Button type="submit" busy={change.isPending}>
            Change the password
          </Button>
        </div>
      </form>
    </Section>
  );
}

const COLUMNS: Column<Place>[] = [
  { key: "client", title: "Browser", show: (place) => <Text>{place.client || "not said"}</Text> },
  { key: "address", title: "From", show: (place) => <Text>{place.address}</Text> },
  { key: "used", title: "Last used", show: (place) => <Time at={place.last_used} ago /> },
  { key: "created", title: "Since", wide: true, show: (place) => <Time at={place.created} /> },
];

function Places() {
  const query = useAccount();
  return (
    <Section
      title="Where you are signed in"
      actions={
        <ActionButton
          tone="danger"
          sure={{
            title: "Sign out everywhere?",
            text: "Every browser, this one too, has to sign in again.",
            action: "Sign out everywhere",
          }}
          act={() => ask(api.POST("/api/account/logout-all"))}
          stale={["session"]}
        >
          Sign out everywhere
        </ActionButton>
      }
    >
      <Loaded query={query} lines={2}>
        {({ sessions }) => <Table caption="Sessions" columns={COLUMNS} rows={sessions} rowKey={(place) => place.id} />}
      </Loaded>
    </Section>
  );
}
