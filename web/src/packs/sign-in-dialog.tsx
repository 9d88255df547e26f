// After connections were made: where a person signs in for them.

import type { Schemas } from "../api/client";
import { Button, Dialog, Text } from "../ui";

/** Lead to the sign-in of each connection; it opens in a window of its own. */
export function SignInDialog({
  signIn,
  onClose,
}: {
  signIn: Readonly<Record<string, Schemas["SignInStarted"]>>;
  onClose: () => void;
}) {
  return (
    <Dialog
      title="Sign in"
      onClose={onClose}
      actions={
        <Button tone="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      <p>The tools appear as soon as somebody has signed in. Each link works once, for ten minutes.</p>
      <ul className="stack">
        {Object.entries(signIn).map(([name, started]) => (
          <li key={name}>
            <a href={started.url} target="_blank" rel="noreferrer noopener">
              Sign in for <Text>{name}</Text>
            </a>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
