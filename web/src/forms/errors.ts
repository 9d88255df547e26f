// What the server says about values, brought to the fields that it is about.

/** Messages by the path of a field (`address.city`), and those that belong to none. */
export type Errors = { fields: Readonly<Record<string, string>>; others: readonly string[] };

/** No message. */
export const NO_ERRORS: Errors = { fields: {}, others: [] };

/** Sort the sentences with which arguments were rejected. */
export function errorsOf(message: string): Errors {
  const fields: Record<string, string> = {};
  const others: string[] = [];
  for (const line of message.split("\n").filter(Boolean)) {
    const placed = /^Argument `([^`]+)`: (.*)$/s.exec(line);
    const missing = /^"([^"]+)" is a required property/.exec(line);
    const about = /^Argument `([^`]+)`: "([^"]+)" is a required property/.exec(line);
    if (about?.[1]) fields[`${about[1]}.${about[2]}`] = "This must be given.";
    else if (missing?.[1]) fields[missing[1]] = "This must be given.";
    else if (placed?.[1]) fields[placed[1]] = placed[2] ?? "";
    else others.push(line);
  }
  return { fields, others };
}

/** Write a path as the server does. */
export function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : text ? `${text}.${part}` : part),
    "",
  );
}
