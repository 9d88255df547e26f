import type { Schemas } from "../api/client";
import { Badge, Card, LinkButton, Section, Text } from "../ui";
import css from "./home.module.css";

/** The way to the first call: what is done, and what comes next. */
export function FirstSteps({ steps }: { steps: readonly Schemas["FirstStepOut"][] }) {
  const next = steps.find((step) => !step.is_done);
  return (
    <Section title="Three steps to the first call">
      <Card>
        <ol className={css.steps}>
          {steps.map((step, index) => (
            <li key={step.id} data-done={step.is_done}>
              <span className={css.number} aria-hidden="true">
                {step.is_done ? "✓" : index + 1}
              </span>
              <div>
                <h3>
                  <Text>{step.title}</Text> {step.is_done && <Badge tone="ok">Done</Badge>}
                </h3>
                <p className="muted">
                  <Text>{step.detail}</Text>
                </p>
              </div>
              {!step.is_done && (
                <LinkButton href={step.path} tone={step === next ? "primary" : "plain"}>
                  {step === next ? "Do it now" : "Go there"}
                  <span className="visually-hidden">: {step.title}</span>
                </LinkButton>
              )}
            </li>
          ))}
        </ol>
      </Card>
    </Section>
  );
}
