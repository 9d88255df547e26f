// Text from elsewhere, shown as it is: never markup, and unable to turn its surroundings around.

const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Write out the invisible characters that change the direction of text, so that a reader sees them. */
export function visible(text: string): string {
  return text.replace(BIDI, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Show text of a user, a flow or a service. */
export function Text({ children }: { children: string }) {
  return <bdi>{visible(children)}</bdi>;
}

/** Say how many, with the right form of the word. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}
