// How a trial went: the answer, and each step with what went in and what came out.

import type { Schemas } from "../api/client";
import { Badge, CodeBlock, duration, Notice, Text, type Tone, Tree } from "../ui";
import css from "./trace.module.css";

type Trial = Schemas["TrialOut"];
type Step = Schemas["TrialStep"];

const TONES: Record<Step["outcome"], Tone> = {
  ok: "ok",
  skipped: "info",
  handled: "warn",
  failed: "bad",
  cancelled: "warn",
};

/** Show how a trial went. */
export function Outcome({ trial }: { trial: Trial }) {
  return (
    <section className={css.outcome} aria-label="Result" aria-live="polite">
      <header className={css.head}>
        <Badge tone={trial.is_error ? "bad" : "ok"}>{trial.is_error ? "Failed" : "Worked"}</Badge>
        <span>in {duration(trial.duration)}</span>
      </header>
      {trial.error && (
        <Notice tone="bad">
          <p>
            <Text>{trial.error.message}</Text>
          </p>
          <p className="muted">
            {trial.error.step ? `At step ${trial.error.step}, ` : ""}code {trial.error.code}
          </p>
        </Notice>
      )}
      {trial.value !== undefined && <Value label="Answer" value={trial.value} />}
      {trial.content && <Value label="Content blocks" value={trial.content} />}
      {trial.steps && trial.steps.length > 0 && (
        <ol className={css.steps} aria-label="Steps">
          {trial.steps.map((step, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a step can run more than once
            <StepTrace key={index} step={step} />
          ))}
        </ol>
      )}
    </section>
  );
}

function StepTrace({ step }: { step: Step }) {
  return (
    <li>
      <details className={css.step} open={step.outcome === "failed"}>
        <summary>
          <span className={css.name}>
            <Text>{step.id}</Text>
          </span>
          {!step.id.startsWith(`${step.component}#`) && <code className="muted">{step.component}</code>}
          <span className={css.end}>
            {step.attempts && step.attempts > 1 && <span>{step.attempts} tries</span>}
            <span>{duration(step.duration)}</span>
            <Badge tone={TONES[step.outcome]}>{step.outcome}</Badge>
          </span>
        </summary>
        <div className={css.body}>
          {step.error && (
            <Notice tone="bad">
              <Text>{step.error}</Text>
            </Notice>
          )}
          {step.input !== undefined && <Value label={`Input of ${step.id}`} title="Input" value={step.input} />}
          {step.output !== undefined && <Value label={`Output of ${step.id}`} title="Output" value={step.output} />}
        </div>
      </details>
    </li>
  );
}

function Value({ label, title = label, value }: { label: string; title?: string; value: unknown }) {
  return (
    <div className={css.value}>
      <p className={css.name}>{title}</p>
      {typeof value === "string" ? <CodeBlock text={value} label={label} /> : <Tree value={value} label={label} />}
    </div>
  );
}
