// The pages that stand before all others: signing in, and making the owner's account on the first visit.

import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { type Session, useCreateAccount, useSignIn } from "../api/session";
import mark from "../icon.svg";
import { Button, Failure, Field, Notice, Text, TextField } from "../ui";
import css from "./entrance.module.css";

/** Signs in. */
export function SignIn({ session }: { session: Session }) {
  const signIn = useSignIn();
  const [name, setName] = useState("owner");
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ name, password });
  };
  return (
    <Entrance title="Sign in" session={session}>
      <form className="stack" onSubmit={submit}>
        <TextField label="Name" autoComplete="username" required value={name} onChange={setName} />
        <PasswordField label="Password" autoComplete="current-password" value={password} onChange={setPassword} />
        {signIn.error && <Failure error={signIn.error} />}
        <Button type="submit" tone="primary" busy={signIn.isPending}>
          Sign in
        </Button>
        <p className="small">
          Password forgotten? On the machine of the server, <code>headrace account password</code> sets another one.
        </p>
      </form>
    </Entrance>
  );
}

/** Makes the owner's account, with the code that stands in the log. */
export function FirstRun({ session }: { session: Session }) {
  return (
    <Entrance title="Make the owner's account" session={session}>
      <AccountForm session={session} />
    </Entrance>
  );
}

/** The form that makes the account. */
export function AccountForm({ session }: { session: Session }) {
  const create = useCreateAccount();
  const [name, setName] = useState("owner");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ name, password, ...(session.needs_code && { code }) });
  };
  return (
    <form className="stack narrow" onSubmit={submit}>
      {session.needs_code && (
        <TextField
          label="Code"
          help="The server has just written it into its log. It shows that you are who runs the server."
          autoComplete="off"
          required
          spellCheck={false}
          value={code}
          onChange={setCode}
        />
      )}
      <TextField label="Name" autoComplete="username" required value={name} onChange={setName} />
      <PasswordField
        label="Password"
        help={`At least ${session.min_password} characters.`}
        autoComplete="new-password"
        value={password}
        onChange={setPassword}
      />
      {create.error && <Failure error={create.error} />}
      <div>
        <Button type="submit" tone="primary" busy={create.isPending}>
          Make the account
        </Button>
      </div>
    </form>
  );
}

/** A password, hidden unless one asks to see it. */
export function PasswordField({
  label,
  help,
  autoComplete,
  value,
  onChange,
}: {
  label: string;
  help?: string;
  autoComplete: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const [isShown, setShown] = useState(false);
  return (
    <Field label={label} help={help}>
      {(control) => (
        <span className={css.password}>
          <input
            {...control}
            type={isShown ? "text" : "password"}
            autoComplete={autoComplete}
            required
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
          <Button aria-pressed={isShown} onClick={() => setShown(!isShown)}>
            {isShown ? "Hide" : "Show"}
          </Button>
        </span>
      )}
    </Field>
  );
}

function Entrance({ title, session, children }: { title: string; session: Session; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Headrace`;
  }, [title]);
  return (
    <main className={css.entrance}>
      <div className={css.box}>
        <p className={css.brand}>
          <img src={mark} alt="" width="28" height="28" />
          Headrace
        </p>
        <h1>{title}</h1>
        {session.notices.map((notice) => (
          <Notice key={notice} tone="warn">
            <Text>{notice}</Text>
          </Notice>
        ))}
        {children}
      </div>
    </main>
  );
}
