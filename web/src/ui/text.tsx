// Text from elsewhere, shown as it is: never markup, and unable to turn its surroundings around.

const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Write out the invisible characters that change the direction of text, so that a reader sees them. */
export function visible(text: string): string {
  return text.replace(BIDI, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A name such as github_list_issues or a path: long, and without a space where a line could end. */
const NAME = /^[^\s]{12,120}$/;

/** Show text of a user, a flow or a service.  A long name ends a line behind one of its signs, if it has to. */
export function Text({ children }: { children: string }) {
  const text = visible(children);
  if (!NAME.test(text)) return <bdi>{text}</bdi>;
  const parts = text.split(/(?<=[_./:@-])(?=[^_./:@-])/);
  return <bdi>{parts.flatMap((part, index) => (index ? [<wbr key={part + String(index)} />, part] : part))}</bdi>;
}

/** Show a sentence of the server, in which `backticks` mark what one would type: as code. */
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

/** Say how many, with the right form of the word. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}
