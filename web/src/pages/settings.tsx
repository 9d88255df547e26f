// The settings, in sections with addresses of their own.

import type { ReactNode } from "react";
import { Link, useParams } from "wouter";
import { About } from "../settings/about";
import { Account } from "../settings/account";
import { SettingGroup } from "../settings/setting-group";
import { Tokens } from "../settings/tokens";
import { LinkButton, Page } from "../ui";
import css from "./settings.module.css";

type SectionOfSettings = { path: string; title: string; show: () => ReactNode };

const SECTIONS: SectionOfSettings[] = [
  { path: "tokens", title: "Tokens", show: () => <Tokens /> },
  {
    path: "authentication",
    title: "MCP authentication",
    show: () => (
      <SettingGroup
        title="MCP authentication"
        lead="Who may call the tools, and how a client presents its token. The header Authorization always works."
        names={["require_auth", "token_in_query", "token_in_api_key_header"]}
      />
    ),
  },
  {
    path: "address",
    title: "Public URL",
    show: () => (
      <SettingGroup
        title="Public URL and hosts"
        lead="Under which names the server is reached. Requests that name another host are refused."
        names={["public_url", "allowed_hosts", "allowed_origins", "trusted_proxies", "host", "port"]}
      />
    ),
  },
  {
    path: "history",
    title: "History",
    show: () => (
      <SettingGroup
        title="History"
        lead="What is kept of each run, and for how long. What is over the limits is deleted soon after."
        names={["history", "history_days", "history_max_rows", "history_max_value_bytes"]}
      />
    ),
  },
  {
    path: "network",
    title: "Outbound network",
    show: () => (
      <SettingGroup
        title="Outbound network"
        lead="Where flows may connect to. The public internet always; the addresses of cloud metadata never."
        names={["allow_loopback", "allow_private_networks"]}
      />
    ),
  },
  { path: "all", title: "All settings", show: () => <SettingGroup title="All settings" lead={ALL} /> },
  { path: "account", title: "Account", show: () => <Account /> },
  { path: "about", title: "About", show: () => <About /> },
];

const ALL =
  "Every setting with its value and where that comes from. Those without a field are set in headrace.yaml, by a variable or by a flag, and take a restart.";

export default function SettingsPage() {
  const { section = "tokens" } = useParams<{ section?: string }>();
  const shown = SECTIONS.find(({ path }) => path === section);
  return (
    <Page title="Settings">
      <div className={css.layout}>
        <nav aria-label="Settings" className={css.nav}>
          <ul>
            {SECTIONS.map(({ path, title }) => (
              <li key={path}>
                <Link href={`/settings/${path}`} aria-current={path === section ? "page" : undefined}>
                  {title}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className={css.body}>
          {shown ? (
            shown.show()
          ) : (
            <LinkButton href="/settings">There is no such section: go to the settings</LinkButton>
          )}
        </div>
      </div>
    </Page>
  );
}
