// The page of a pack, written in Markdown: headings, paragraphs, lists, tables, code, links.  Everything else is text.

import { Fragment, type ReactNode } from "react";
import { visible } from "../ui";
import css from "./markdown.module.css";

const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|\[([^\]\n]+)\]\((https:\/\/[^\s)]+)\)/g;

/** Show Markdown.  No markup of its own is ever read as such: what is not known here stays text. */
export function Markdown({ text }: { text: string }) {
  return <div className={css.page}>{blocksOf(text.replaceAll("\r\n", "\n").split("\n"))}</div>;
}

function blocksOf(lines: string[]): ReactNode[] {
  const blocks: ReactNode[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    const end = line.trim() ? endOf(lines, at) : at + 1;
    if (line.trim()) blocks.push(<Fragment key={at}>{block(line, lines.slice(at, end))}</Fragment>);
    at = end;
  }
  return blocks;
}

/** The line behind the block that starts at a line. */
function endOf(lines: string[], start: number): number {
  const first = lines[start] ?? "";
  if (first.startsWith("```")) {
    const close = lines.findIndex((line, index) => index > start && line.startsWith("```"));
    return close < 0 ? lines.length : close + 1;
  }
  if (first.startsWith("#")) return start + 1;
  const kind = kindOf(first);
  let end = start + 1;
  while (end < lines.length) {
    const line = lines[end] ?? "";
    const isMore = kind === "list" ? kindOf(line) === "list" || /^\s+\S/.test(line) : kindOf(line) === kind;
    if (!line.trim() || !isMore) break;
    end++;
  }
  return end;
}

function kindOf(line: string): "list" | "table" | "other" {
  if (/^\s*([-*]|\d+\.) /.test(line)) return "list";
  return line.startsWith("|") ? "table" : line.startsWith("#") || line.startsWith("```") ? "list" : "other";
}

function block(first: string, lines: string[]): ReactNode {
  if (first.startsWith("```")) return <pre>{visible(lines.slice(1, -1).join("\n"))}</pre>;
  const heading = /^(#{1,4}) (.*)$/.exec(first);
  if (heading) return heading[1] === "#" ? null : <h3>{inline(heading[2] ?? "")}</h3>;
  if (first.startsWith("|")) return <Grid lines={lines} />;
  if (/^\s*([-*]|\d+\.) /.test(first)) return <Items lines={lines} />;
  return <p>{inline(lines.join(" "))}</p>;
}

function Items({ lines }: { lines: string[] }) {
  const items: string[] = [];
  for (const line of lines) {
    const start = /^\s*([-*]|\d+\.) (.*)$/.exec(line);
    if (start) items.push(start[2] ?? "");
    else items.push(`${items.pop() ?? ""} ${line.trim()}`);
  }
  const List = /^\s*\d/.test(lines[0] ?? "") ? "ol" : "ul";
  return (
    <List>
      {items.map((item) => (
        <li key={item}>{inline(item)}</li>
      ))}
    </List>
  );
}

function Grid({ lines }: { lines: string[] }) {
  const rows = lines.filter((line) => !/^\|[\s:|-]+\|?$/.test(line)).map(cellsOf);
  const [head = [], ...body] = rows;
  return (
    <table>
      <thead>
        <tr>
          {head.map((cell) => (
            <Head key={cell} cell={cell} />
          ))}
        </tr>
      </thead>
      <tbody>
        {body.map((cells) => (
          <tr key={cells.join("|")}>
            {cells.map((cell, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its column
              <td key={index}>{inline(cell)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Head({ cell }: { cell: string }) {
  return cell ? <th scope="col">{inline(cell)}</th> : <td />;
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^\||\|\s*$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function inline(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    parts.push(visible(text.slice(at, found.index)));
    const [, code, strong, words, address] = found;
    if (code) parts.push(<code key={found.index}>{visible(code)}</code>);
    else if (strong) parts.push(<strong key={found.index}>{visible(strong)}</strong>);
    else
      parts.push(
        <a key={found.index} href={address} target="_blank" rel="noreferrer noopener">
          {visible(words ?? "")}
        </a>,
      );
    at = found.index + found[0].length;
  }
  return [...parts, visible(text.slice(at))];
}
