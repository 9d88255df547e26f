// A menu of all steps with examples; what is chosen is put into the text behind the step at the cursor.

import { useState } from "react";
import type { Schemas } from "../api/client";
import { Button, Dialog, Empty, Loaded, Prose, TextField } from "../ui";
import css from "./insert-step.module.css";
import { useComponents } from "./use-names";

type Component = Schemas["ComponentOut"];

/** Choose a step from a list that can be searched. */
export function InsertStep({ onInsert, onClose }: { onInsert: (step: unknown) => void; onClose: () => void }) {
  const components = useComponents();
  const [search, setSearch] = useState("");
  return (
    <Dialog title="Insert a step" wide onClose={onClose}>
      <TextField
        label="Search"
        help="The step is put behind the one at the cursor."
        type="search"
        placeholder="What should it do?"
        value={search}
        onChange={setSearch}
      />
      <Loaded query={components}>
        {(data) => {
          const found = data.components.filter((each) => each.kind === "step" && fits(each, search));
          return found.length ? (
            <ul className={css.list} aria-label="Steps">
              {found.map((component) => (
                <Choice key={component.name} component={component} onInsert={onInsert} />
              ))}
            </ul>
          ) : (
            <Empty title="No step fits">Try another word: http, sql, map, switch, for example.</Empty>
          );
        }}
      </Loaded>
    </Dialog>
  );
}

function Choice({ component, onInsert }: { component: Component; onInsert: (step: unknown) => void }) {
  return (
    <li className={css.choice}>
      <h3>{component.name}</h3>
      <p>
        <Prose>{component.description.split("\n\n")[0] ?? ""}</Prose>
      </p>
      {component.examples.map((example) => (
        <div key={example.title} className={css.example}>
          <details>
            <summary>{example.title}</summary>
            <pre>{example.yaml}</pre>
          </details>
          <Button
            small
            aria-label={`Insert ${component.name}: ${example.title}`}
            onClick={() => onInsert(example.value)}
          >
            Insert
          </Button>
        </div>
      ))}
    </li>
  );
}

function fits(component: Component, search: string): boolean {
  const text = [component.name, component.description, ...component.examples.map((each) => each.title)].join(" ");
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.toLowerCase().includes(word));
}
