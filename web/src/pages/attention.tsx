// What needs somebody, each with the way to where it is done.

import { Link } from "wouter";
import type { Schemas } from "../api/client";
import { Badge, Prose, Text } from "../ui";
import css from "./attention.module.css";

type Item = Schemas["AttentionOut"];

const SIGNS = { error: ["bad", "Error"], warning: ["warn", "Waiting"], info: ["info", "Note"] } as const;

/** Findings in the order of the server, the worst first. */
export function Attention({ items }: { items: readonly Item[] }) {
  return (
    <ul className={css.attention}>
      {items.map(({ level, title, detail, path }) => (
        <li key={title}>
          <Badge tone={SIGNS[level][0]}>{SIGNS[level][1]}</Badge>
          <div>
            {path ? (
              <Link href={path}>
                <Text>{title}</Text>
              </Link>
            ) : (
              <Text>{title}</Text>
            )}{" "}
            <span className="muted">
              <Prose>{detail}</Prose>
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}
