// Sentences of the server, in which `backticks` mark what one would type.

import { visible } from "../ui";

/** Show a sentence with its marked words as code. */
export function Prose({ children }: { children: string }) {
  const parts = visible(children).split(/`([^`\n]+)`/);
  return (
    <bdi>
      {parts.map((part, index) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place
        index % 2 ? <code key={index}>{part}</code> : part,
      )}
    </bdi>
  );
}
