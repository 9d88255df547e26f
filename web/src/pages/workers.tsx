// What runs flows: the processes, how much each does, and whether they are heard of.

import type { Schemas } from "../api/client";
import { useEvents } from "../api/events";
import { useWorkers } from "../api/queries";
import { Badge, type Column, Empty, Facts, Loaded, Meter, Notice, Page, Table, Text, Time, type Tone } from "../ui";

type Worker = Schemas["WorkerView"];
type Fleet = Schemas["WorkersOut"];

const STATES: Record<Worker["state"], [string, Tone]> = {
  ready: ["Ready", "ok"],
  full: ["Full", "warn"],
  draining: ["Draining", "info"],
  silent: ["Silent", "bad"],
};

const COLUMNS: Column<Worker>[] = [
  { key: "name", title: "Worker", show: (worker) => <Text>{worker.name}</Text> },
  { key: "state", title: "State", show: ({ state }) => <Badge tone={STATES[state][1]}>{STATES[state][0]}</Badge> },
  {
    key: "load",
    title: "Calls under way",
    show: ({ running, slots }) => <Meter label="Load" value={running} most={slots} />,
  },
  { key: "process", title: "Process", wide: true, show: (worker) => <Process worker={worker} /> },
  { key: "version", title: "Version", wide: true, show: (worker) => <Text>{worker.version ?? ""}</Text> },
  {
    key: "done",
    title: "Calls done",
    wide: true,
    end: true,
    show: ({ kind, done }) => (kind === "local" ? "" : (done ?? 0).toLocaleString()),
  },
  { key: "since", title: "Since", wide: true, show: ({ started }) => (started ? <Time at={started} /> : "") },
  { key: "heard", title: "Last heard", show: (worker) => heardOf(worker) },
];

/** What a single process does not tell of itself. */
const OF_FLEETS = new Set(["done", "since", "heard"]);

export default function WorkersPage() {
  const query = useWorkers();
  useEvents();
  return (
    <Page title="Workers" lead="The processes that run flows.">
      <Loaded query={query}>
        {(fleet) => (
          <>
            {!fleet.nats_up && (
              <Notice tone="bad">
                <p>NATS cannot be reached, so no worker can be given a call.</p>
                <p>
                  It should answer at <Text>{fleet.nats}</Text>. Calls go on as soon as it does.
                </p>
              </Notice>
            )}
            {fleet.workers.length > 0 ? (
              <Table
                caption="Workers"
                columns={fleet.nats ? COLUMNS : COLUMNS.filter(({ key }) => !OF_FLEETS.has(key))}
                rows={fleet.workers}
                rowKey={(worker) => worker.id}
              />
            ) : (
              <Empty title="No worker is there">
                Calls wait until one comes. Start one with <code>headrace worker --nats {fleet.nats || "URL"}</code>.
              </Empty>
            )}
            {fleet.nats ? <Counts fleet={fleet} /> : <Single />}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Counts({ fleet }: { fleet: Fleet }) {
  return (
    <Facts
      facts={[
        ["NATS", <Text key="nats">{fleet.nats}</Text>],
        ["Calls that wait", fleet.waiting.toLocaleString()],
        ["Workers lost", fleet.lost.toLocaleString()],
        ["Calls given to another worker", fleet.repeated.toLocaleString()],
        ["Calls with unknown end", fleet.unknown.toLocaleString()],
        ["Answers that came too late", fleet.late.toLocaleString()],
      ]}
    />
  );
}

function Single() {
  return (
    <p>
      Flows run in the coordinator itself. <code>headrace serve --workers 4</code> runs them in processes of their own.
    </p>
  );
}

function Process({ worker }: { worker: Worker }) {
  return (
    <>
      <Text>{worker.host ?? ""}</Text>
      {worker.pid ? `, ${worker.pid}` : ""}
    </>
  );
}

function heardOf({ kind, heard = 0 }: Worker): string {
  if (kind === "local") return "It is this process";
  return heard < 3 ? "Just now" : `${Math.round(heard)} s ago`;
}
