import type { Schemas } from "../api/client";
import { Badge } from "../ui";

/** How an install is, in words. */
export function InstallState({ install }: { install: Schemas["InstallOut"] }) {
  const hidden = Object.keys(install.hidden).length;
  return (
    <span className="row">
      {!install.enabled && <Badge>switched off</Badge>}
      {install.enabled && install.missing.length > 0 && <Badge tone="warn">not ready</Badge>}
      {install.enabled && install.missing.length === 0 && <Badge tone="ok">live</Badge>}
      {install.enabled && hidden > 0 && <Badge>{hidden} hidden</Badge>}
      {install.upgrade && <Badge tone="accent">version {install.upgrade} available</Badge>}
    </span>
  );
}
