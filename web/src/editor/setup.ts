// What the text editor is made of: CodeMirror with YAML, and what the server knows about flows.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { complete, explain } from "./language";
import { LOOK } from "./look";

const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Return everything that makes an editor; `label` is what it is called by screen readers. */
export function editorOf(label: string, readOnly: boolean, onUpdate: Extension): Extension[] {
  return [
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars({ addSpecialChars: BIDI }),
    history(),
    foldGutter(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    search({ top: true }),
    lintGutter(),
    yaml(),
    indentUnit.of("  "),
    LOOK,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
    explain,
    readOnly ? [EditorState.readOnly.of(true)] : WRITING,
    keymap.of([...searchKeymap, ...foldKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
    onUpdate,
  ];
}

// A browser that puts typed text in place of a selection keeps the look of what it deletes, in style attributes that the
// policy of the pages refuses and reports.  So such text is put in by the editor itself.
const overSelection = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const text = event.inputType === "insertText" ? event.data : null;
    const { from, to, empty } = view.state.selection.main;
    if (!text || empty || view.composing || view.state.selection.ranges.length > 1) return false;
    event.preventDefault();
    const plain = () =>
      view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
    const isTaken = view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, text, plain));
    if (!isTaken) view.dispatch(plain());
    return true;
  },
});

const WRITING: Extension = [
  overSelection,
  closeBrackets(),
  autocompletion({ override: [complete], activateOnCompletion: () => true, icons: false, maxRenderedOptions: 60 }),
  keymap.of([...completionKeymap, ...closeBracketsKeymap, indentWithTab]),
];
