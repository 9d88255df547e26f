// The text of a flow.  It lives in a shadow tree, where the styles of the editor need no inline style element.

import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import type { Schemas } from "../api/client";
import { offsetOf } from "./language";
import { editorOf } from "./setup";
import css from "./yaml-editor.module.css";

/** What others may do with the text. */
export type Editor = {
  text: () => string;
  /** Make a change that was computed for this very text; say whether it was. */
  change: (change: Schemas["Change"], madeFor: string) => boolean;
  /** Replace everything, as one step that can be undone. */
  replace: (text: string) => void;
  goTo: (line: number, column?: number) => void;
};

type Findings = Pick<Schemas["CheckOut"], "problems" | "fixes">;

/** Edit a text.  It belongs to the editor: `text` is only what that starts with. */
export function YamlEditor({
  ref,
  text,
  label,
  readOnly,
  found,
  onChange,
  onLine,
}: {
  ref: Ref<Editor>;
  text: string;
  label: string;
  readOnly: boolean;
  /** What is wrong with the text as it is now; null while that is not known. */
  found: Findings | null;
  onChange: (text: string) => void;
  onLine: (line: number) => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const told = useRef({ onChange, onLine });
  told.current = { onChange, onLine };

  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what it starts with; a new one has a new key
  useEffect(() => {
    if (!frame.current) return;
    const root = frame.current.shadowRoot ?? frame.current.attachShadow({ mode: "open" });
    const listener = EditorView.updateListener.of((update) => {
      if (update.docChanged) told.current.onChange(update.state.doc.toString());
      if (update.selectionSet || update.docChanged) told.current.onLine(lineOf(update.state));
    });
    const state = EditorState.create({ doc: text, extensions: editorOf(label, readOnly, listener) });
    const made = new EditorView({ state, root, parent: root });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [readOnly, label]);

  useEffect(() => {
    const made = view.current;
    if (made && found) made.dispatch(setDiagnostics(made.state, diagnosticsOf(made, found)));
  }, [found]);

  useImperativeHandle(ref, () => handleOf(view), []);
  return <div ref={frame} className={css.frame} />;
}

function handleOf(view: { readonly current: EditorView | null }): Editor {
  const text = () => view.current?.state.doc.toString() ?? "";
  return {
    text,
    change: ({ start, end, insert }, madeFor) => {
      if (!view.current || text() !== madeFor) return false;
      view.current.dispatch({ changes: { from: start, to: end, insert }, userEvent: "input", scrollIntoView: false });
      return true;
    },
    replace: (insert) => {
      const made = view.current;
      made?.dispatch({ changes: { from: 0, to: made.state.doc.length, insert }, userEvent: "input" });
    },
    goTo: (line, column = 1) => {
      const made = view.current;
      if (!made) return;
      const anchor = offsetOf(made.state.doc, line, column);
      made.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      made.focus();
    },
  };
}

function lineOf(state: EditorState): number {
  return state.doc.lineAt(state.selection.main.head).number;
}

function diagnosticsOf(view: EditorView, { problems, fixes }: Findings): Diagnostic[] {
  const { doc } = view.state;
  const found = problems.map((problem, index): Diagnostic => {
    const from = offsetOf(doc, problem.line ?? 1, problem.column ?? 1);
    const end = problem.end_line ? offsetOf(doc, problem.end_line, problem.end_column ?? 1) : wordEnd(view, from);
    const mine = fixes.filter((fix) => fix.problem === index);
    return {
      from,
      to: Math.max(from, end),
      severity: problem.severity ?? "error",
      message: problem.message,
      source: problem.code,
      actions: view.state.readOnly ? [] : mine.map((fix) => ({ name: fix.label, apply: () => mend(view, fix) })),
    };
  });
  return found.sort((one, other) => one.from - other.from);
}

function mend(view: EditorView, fix: Schemas["Fix"]): void {
  const { start, end, insert } = fix.change;
  view.dispatch({ changes: { from: start, to: end, insert }, userEvent: "input" });
}

function wordEnd(view: EditorView, from: number): number {
  const line = view.state.doc.lineAt(from);
  const word = /^[\w.-]+/.exec(line.text.slice(from - line.from));
  return word ? from + word[0].length : line.to;
}
