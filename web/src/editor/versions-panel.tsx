// What the flow was before: its versions, what changed between them, and the way back.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, type Schemas } from "../api/client";
import { Badge, Button, Empty, Loaded, Text, Time } from "../ui";
import { Diff } from "./diff";
import css from "./trace.module.css";

type Version = Schemas["VersionInfo"];

/** List the versions of a stored flow. */
export function VersionsPanel({
  name,
  digest,
  canRestore,
  onRestore,
}: {
  name: string;
  digest: string;
  canRestore: boolean;
  onRestore: (number: number) => void;
}) {
  const versions = useQuery({
    queryKey: ["flows", "versions", name, digest],
    queryFn: () => ask(api.GET("/api/flows/{name}/versions", { params: { path: { name } } })),
  });
  return (
    <Loaded query={versions}>
      {({ versions: found }) =>
        found.length === 0 ? (
          <Empty title="No versions">Versions of this flow are kept with the install of its pack.</Empty>
        ) : (
          <ol className={css.steps} aria-label="Versions">
            {found.map((version, index) => (
              <li key={version.number}>
                <OneVersion
                  name={name}
                  version={version}
                  before={found[index + 1]?.number}
                  isCurrent={version.digest === digest}
                  onRestore={canRestore ? onRestore : undefined}
                />
              </li>
            ))}
          </ol>
        )
      }
    </Loaded>
  );
}

function OneVersion({
  name,
  version,
  before,
  isCurrent,
  onRestore,
}: {
  name: string;
  version: Version;
  before: number | undefined;
  isCurrent: boolean;
  onRestore: ((number: number) => void) | undefined;
}) {
  const [shown, setShown] = useState<"" | "before" | "now">("");
  const toggle = (what: "before" | "now") => setShown(shown === what ? "" : what);
  return (
    <>
      <div className={css.test}>
        <span className={css.name}>{version.number}</span>
        <span>
          <Time at={version.created} /> <span className="muted">by</span>{" "}
          <Text>{version.author || version.file || version.origin}</Text>
        </span>
        <span className={css.end}>
          {isCurrent && <Badge tone="accent">current</Badge>}
          {before !== undefined && (
            <Button small aria-pressed={shown === "before"} onClick={() => toggle("before")}>
              What it changed
            </Button>
          )}
          {!isCurrent && (
            <Button small aria-pressed={shown === "now"} onClick={() => toggle("now")}>
              Compare with now
            </Button>
          )}
          {!isCurrent && onRestore && (
            <Button small onClick={() => onRestore(version.number)}>
              Restore
            </Button>
          )}
        </span>
      </div>
      {shown === "now" && <VersionDiff name={name} from={version.number} />}
      {shown === "before" && before !== undefined && <VersionDiff name={name} from={before} to={version.number} />}
    </>
  );
}

function VersionDiff({ name, from, to }: { name: string; from: number; to?: number }) {
  const diff = useQuery({
    queryKey: ["flows", "diff", name, from, to],
    queryFn: () =>
      ask(
        api.GET("/api/flows/{name}/diff", {
          params: { path: { name }, query: { from, ...(to !== undefined && { to }) } },
        }),
      ),
  });
  return (
    <div className={css.body}>
      <Loaded query={diff} lines={3}>
        {(data) => <Diff text={data.diff} />}
      </Loaded>
    </div>
  );
}
