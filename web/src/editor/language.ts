// What the server knows about the place of the cursor: what may stand there, and what a word means.

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { type EditorState, Text } from "@codemirror/state";
import { type EditorView, hoverTooltip } from "@codemirror/view";
import { api, ask, type Schemas } from "../api/client";

const KINDS = { component: 3, key: 2, name: 2, value: 1, function: 0 };
/** What stands further up among offers that fit as well. */

const EMPTY_EXPRESSION = "$" + "{{  }}";

/** Offer what may stand at the cursor. */
export async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const { state, pos } = context;
  const before = state.doc.lineAt(pos).text.slice(0, pos - state.doc.lineAt(pos).from);
  if (/^\s*#/.test(before) || !(context.explicit || /[\w.]$|\$\{\{ ?$/.test(before))) return null;
  try {
    const found = await ask(api.POST("/api/editor/complete", { body: cursorAt(state, pos) }));
    if (context.aborted || found.items.length === 0) return null;
    return { from: found.start, to: found.end, options: found.items.map(offer), validFor: /^\w*$/ };
  } catch {
    return null; // a server that does not answer is said elsewhere; typing goes on
  }
}

/** Explain the word under the pointer. */
export const explain = hoverTooltip(async (view, pos) => {
  try {
    const found = await ask(api.POST("/api/editor/hover", { body: cursorAt(view.state, pos) }));
    if (!found.title) return null;
    return { pos: found.start ?? pos, end: found.end ?? pos, above: true, create: () => ({ dom: told(found) }) };
  } catch {
    return null;
  }
});

/** Turn a place of the server (columns in characters) into an offset of the editor (UTF-16). */
export function offsetOf(document: Text, line: number, column: number): number {
  const found = document.line(Math.max(1, Math.min(line, document.lines)));
  let left = column - 1;
  let at = 0;
  for (const character of found.text) {
    if (left-- <= 0) break;
    at += character.length;
  }
  return found.from + at;
}

function cursorAt(state: EditorState, pos: number): Schemas["CursorIn"] {
  const line = state.doc.lineAt(pos);
  return { text: state.doc.toString(), line: line.number, column: [...line.text.slice(0, pos - line.from)].length + 1 };
}

function offer(item: Schemas["Completion"]): Completion {
  return {
    label: item.label,
    type: item.kind,
    boost: KINDS[item.kind],
    ...(item.detail && { detail: item.detail }),
    ...(item.info && { info: item.info }),
    apply: (view, _completion, from, to) => insert(view, item.insert, from, to),
  };
}

function insert(view: EditorView, text: string, from: number, to: number): void {
  const inside = text.indexOf(EMPTY_EXPRESSION);
  const anchor = from + (inside < 0 ? text.length : inside + EMPTY_EXPRESSION.length - 3);
  view.dispatch({
    changes: { from, to, insert: Text.of(text.split("\n")) },
    selection: { anchor },
    userEvent: "input.complete",
    scrollIntoView: true,
  });
}

function told(found: Schemas["Hover"]): HTMLElement {
  const box = document.createElement("div");
  box.className = "hr-hover";
  const title = document.createElement("strong");
  title.textContent = found.title ?? "";
  const text = document.createElement("span");
  text.textContent = found.text ?? "";
  box.append(title, text);
  return box;
}
