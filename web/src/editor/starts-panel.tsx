// What starts a flow that nobody calls: its times, or the address to which requests are sent.

import { useMutation } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { useSchedules, useWebhooks } from "../api/queries";
import { Button, CodeBlock, Empty, Facts, Failure, Loaded, Notice, type Tab, Text, Time } from "../ui";
import css from "./trace.module.css";

type Flow = Schemas["FlowSummary"];
type Schedule = Schemas["ScheduleOut"];
type Webhook = Schemas["WebhookOut"];

/** The view of what starts a flow; none for flows that are called. */
export function startsOf({ name, input }: Pick<Flow, "name" | "input">): Tab | undefined {
  if (input === "schedule") return { key: "starts", title: "Times", show: () => <Times name={name} /> };
  if (input === "webhook") return { key: "starts", title: "Address", show: () => <Address name={name} /> };
  return undefined;
}

const NOT_SERVED = "Once the flow is switched on and without errors, this stands here.";

const MISSED: Record<Schedule["missed"], string> = {
  skip: "are skipped",
  once: "are made up for once",
  all: "are all made up for",
};

function Times({ name }: { name: string }) {
  const query = useSchedules();
  return (
    <Loaded query={query} lines={4}>
      {({ schedules }) => {
        const schedule = schedules.find(({ flow }) => flow === name);
        return schedule ? <Planned schedule={schedule} /> : <Empty title="Not started by any time">{NOT_SERVED}</Empty>;
      }}
    </Loaded>
  );
}

function Planned({ schedule }: { schedule: Schedule }) {
  const run = useMutation({
    mutationFn: () => ask(api.POST("/api/schedules/{flow}/run", { params: { path: { flow: schedule.flow } } })),
  });
  return (
    <div className={css.body}>
      <Facts
        facts={[
          ["When", schedule.cron ? `${schedule.cron} (${schedule.time_zone})` : `every ${schedule.every} s`],
          ["Missed times", MISSED[schedule.missed]],
          ["Last", <Last key="last" schedule={schedule} />],
        ]}
      />
      <section aria-label="Next times">
        <p className="muted">Next times</p>
        <ol>
          {schedule.next.map((at) => (
            <li key={at}>
              <Time at={at} zoned /> <span className="muted">{<Time at={at} ago />}</span>
            </li>
          ))}
        </ol>
      </section>
      <div className={css.head} aria-live="polite">
        <Button busy={run.isPending} onClick={() => run.mutate()}>
          Run now
        </Button>
        {run.data && (
          <span>
            It was started. See <Link href={`/runs?tool=${encodeURIComponent(schedule.flow)}`}>its runs</Link>.
          </span>
        )}
      </div>
      {run.error && <Failure error={run.error} />}
    </div>
  );
}

function Last({ schedule }: { schedule: Schedule }) {
  if (schedule.last === null) return "not yet";
  const moment = <Time at={schedule.last} />;
  return schedule.last_run ? <Link href={`/runs/${encodeURIComponent(schedule.last_run)}`}>{moment}</Link> : moment;
}

function Address({ name }: { name: string }) {
  const query = useWebhooks();
  return (
    <Loaded query={query} lines={4}>
      {({ webhooks }) => {
        const hook = webhooks.find(({ flow }) => flow === name);
        return hook ? <Hook hook={hook} /> : <Empty title="No address yet">{NOT_SERVED}</Empty>;
      }}
    </Loaded>
  );
}

function Hook({ hook }: { hook: Webhook }) {
  return (
    <div className={css.body}>
      {hook.is_open && (
        <Notice tone="warn">
          <span>
            Anybody who knows the address can start this flow. Add <code>signature:</code> or <code>token:</code>.
          </span>
        </Notice>
      )}
      <CodeBlock text={hook.url} label="Address of the webhook" />
      <Facts
        facts={[
          ["Takes", hook.methods.join(", ")],
          ["Answers with", hook.reply === "result" ? "the result" : "the id of the run, at once"],
          ["Proof", proofOf(hook)],
          ["Secrets from", hook.connections.length ? <Secrets key="secrets" names={hook.connections} /> : "–"],
        ]}
      />
    </div>
  );
}

function proofOf({ signature, token }: Webhook): string {
  const proofs = [signature && `a signature (${signature})`, token && `a token in the header ${token}`];
  return proofs.filter(Boolean).join(" and ") || "none";
}

function Secrets({ names }: { names: readonly string[] }) {
  return names.map((name) => (
    <div key={name}>
      <Link href={`/connections/${encodeURIComponent(name)}`}>
        <Text>{name}</Text>
      </Link>
    </div>
  ));
}
