// The editor of one flow: its text, and beside it the picture, the form, trying, tests and versions.

import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { api, ask, wordsOf } from "../api/client";
import { Badge, Failure, Notice, Page, type Tab, Tabs, useToast } from "../ui";
import { ConflictDialog } from "./conflict";
import { FlowGraph } from "./graph";
import { InsertStep } from "./insert-step";
import { Outline } from "./outline";
import { ProblemList } from "./problem-list";
import { StepForm } from "./step-form";
import { NOT_TESTED, TestsPanel } from "./tests-panel";
import { NOT_TRIED, TryPanel } from "./try-panel";
import { type Part, partAt, useCheck } from "./use-check";
import { useLeaving } from "./use-leaving";
import { type Base, isConflict, type Saved, useSaving } from "./use-saving";
import css from "./workbench.module.css";
import { WorkbenchActions } from "./workbench-actions";
import { type Editor, YamlEditor } from "./yaml-editor";

/** Edit a flow, or look at one that is changed elsewhere. */
export default function Workbench({
  start,
  flow,
  startLine,
  readOnly,
  notice,
  versions,
  starts,
}: {
  start: Base;
  /** The flow as it is stored; undefined for a new one. */
  flow?: Saved["summary"];
  startLine: number;
  readOnly: boolean;
  notice?: ReactNode;
  /** The panel of versions, for a flow that is stored. */
  versions?: (digest: string, restore: (number: number) => void) => ReactNode;
  /** What starts the flow without a call, if that is so. */
  starts?: Tab | undefined;
}) {
  const editor = useRef<Editor>(null);
  const toast = useToast();
  const [base, setBase] = useState(start);
  const [text, setText] = useState(start.text);
  const [line, setLine] = useState(startLine);
  const [tab, setTab] = useState("picture");
  const [isInserting, setInserting] = useState(false);
  const [trying, setTrying] = useState(NOT_TRIED);
  const [tests, setTests] = useState(NOT_TESTED);
  const checked = useCheck(text, flow?.file || flow?.name || "");
  const isCurrent = checked.text === text;
  const { check } = checked;
  const isDirty = !readOnly && text !== base.text;
  const leave = useLeaving(isDirty);
  const isStoredAnew = flow !== undefined && !readOnly && flow.digest !== base.digest;
  const parts = check?.outline ?? [];
  const part = partAt(parts, line);

  const saving = useSaving((saved) => {
    const { name, digest } = saved.summary;
    toast.done(`${name} is saved and live.`);
    if (name === base.name && base.digest) setBase({ name, digest, text: saved.text });
    else leave(`/flows/${encodeURIComponent(name)}`);
  });
  const isOvertaken = isStoredAnew && !saving.isPending;
  const name = check?.name || base.name;
  const save = (digest = base.digest) => {
    if (!readOnly) saving.mutate({ text, name, base: { ...base, digest } });
  };
  useSaveKey(() => save());

  const goTo = useCallback((target: number, column?: number) => editor.current?.goTo(target, column), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the page opens
  useEffect(() => {
    if (startLine > 1) goTo(startLine);
  }, []);
  const select = (chosen: Part) => goTo(chosen.line);
  const insert = async (step: unknown) => {
    setInserting(false);
    try {
      const change = await ask(api.POST("/api/editor/edit", { body: { text, action: "insert", line, value: step } }));
      const below = change.insert.startsWith("\n") ? 1 : 0;
      if (!editor.current?.change(change, text)) throw new Error("The text changed at the same time.");
      goTo(text.slice(0, change.start).split("\n").length + below);
      setTab("step");
    } catch (error) {
      toast.failed(error);
    }
  };
  const restore = async (number: number) => {
    const query = { params: { path: { name: base.name, number } } };
    try {
      const version = await ask(api.GET("/api/flows/{name}/versions/{number}", query));
      editor.current?.replace(version.text);
      toast.done(`The text of version ${number} is in the editor. Save to make it the current one.`);
    } catch (error) {
      toast.failed(error);
    }
  };

  const given = { parts, current: part?.id ?? "", onSelect: select };
  const tabs: Tab[] = [
    { key: "picture", title: "Picture", show: () => check && <FlowGraph graph={check.graph} {...given} /> },
    { key: "outline", title: "Outline", show: () => <Outline {...given} /> },
    {
      key: "step",
      title: part ? `Form: ${part.name}` : "Form",
      show: () => <StepForm part={part} editor={editor} readOnly={readOnly} />,
    },
    {
      key: "try",
      title: "Try",
      show: () => <TryPanel text={text} check={check} state={trying} onState={setTrying} />,
    },
    {
      key: "tests",
      title: "Tests",
      show: () => <TestsPanel text={text} check={check} state={tests} onState={setTests} onLine={goTo} />,
    },
  ];
  if (starts) tabs.push(starts);
  if (versions) tabs.push({ key: "versions", title: "Versions", show: () => versions(base.digest, restore) });
  const errors = check?.problems.filter((problem) => problem.severity === "error").length ?? 0;
  return (
    <Page
      title={flow?.name ?? "New flow"}
      back={<Link href="/flows">Flows</Link>}
      wide
      lead={
        <span className={css.state}>
          {readOnly ? <Badge>read only</Badge> : isDirty && <Badge tone="warn">unsaved changes</Badge>}
          {!isDirty && flow && (
            <Badge tone={flow.enabled ? "ok" : "info"}>{flow.enabled ? "live" : "switched off"}</Badge>
          )}
          {errors > 0 && <Badge tone="bad">has errors</Badge>}
          {isDirty && flow && name && name !== flow.name && <span>Saved as a new flow: {name}</span>}
        </span>
      }
      actions={
        <WorkbenchActions
          flow={flow}
          readOnly={readOnly}
          canSave={!readOnly && (isDirty || !base.digest)}
          saving={saving.isPending}
          onSave={() => save()}
          onInsert={() => setInserting(true)}
          onLeave={leave}
        />
      }
    >
      {notice}
      {isOvertaken && (
        <Notice tone="warn">
          Somebody else saved this flow while you have it open. Save, and you are asked whose text is to stay.
        </Notice>
      )}
      {saving.error && !isConflict(saving.error) && <Failure error={saving.error} />}
      {saving.error && isConflict(saving.error) && !base.digest && <Failure error={saving.error} />}
      <div className={css.bench}>
        <div className={css.left}>
          <div className={css.text}>
            <YamlEditor
              ref={editor}
              text={start.text}
              label={`YAML of ${flow?.name ?? "the new flow"}`}
              readOnly={readOnly}
              found={isCurrent ? check : null}
              onChange={setText}
              onLine={setLine}
            />
          </div>
          {checked.error !== null && <p className={css.note}>{wordsOf(checked.error).message} The checks wait.</p>}
          <ProblemList
            check={check}
            readOnly={readOnly}
            onPlace={goTo}
            onFix={(fix) => editor.current?.change(fix.change, checked.text)}
          />
          <p className={css.note}>Ctrl+Space offers what fits. Tab indents; Esc, then Tab leaves the text.</p>
        </div>
        <div className={css.right} data-full={tab === "picture" || tab === "outline"}>
          <Tabs label="Views of the flow" tabs={tabs} selected={tab} onSelect={setTab} />
        </div>
      </div>
      {isInserting && <InsertStep onInsert={insert} onClose={() => setInserting(false)} />}
      {isConflict(saving.error) && base.digest && (
        <ConflictDialog
          name={name}
          onClose={() => saving.reset()}
          onMine={(digest) => {
            saving.reset();
            save(digest);
          }}
          onTheirs={(theirs) => {
            saving.reset();
            setBase({ name: theirs.summary.name, digest: theirs.summary.digest, text: theirs.text });
            editor.current?.replace(theirs.text);
          }}
        />
      )}
    </Page>
  );
}

function useSaveKey(save: () => void): void {
  const now = useRef(save);
  now.current = save;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
      event.preventDefault();
      now.current();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
