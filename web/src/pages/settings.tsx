// The settings, in sections with addresses of their own.  The groups and their words come from the server.

import { type ReactNode, useEffect, useRef } from "react";
import { Link, useParams } from "wouter";
import { useSettings } from "../api/queries";
import { About } from "../settings/about";
import { Account } from "../settings/account";
import { SettingGroup } from "../settings/setting-group";
import { Tokens } from "../settings/tokens";
import { Empty, LinkButton, Loaded, Page } from "../ui";
import css from "./settings.module.css";

type SectionOfSettings = { path: string; title: string; show: () => ReactNode };

const FIRST: SectionOfSettings[] = [{ path: "tokens", title: "Tokens", show: () => <Tokens /> }];
const LAST: SectionOfSettings[] = [
  { path: "account", title: "Account", show: () => <Account /> },
  { path: "about", title: "About", show: () => <About /> },
];

export default function SettingsPage() {
  const { section = "tokens" } = useParams<{ section?: string }>();
  const query = useSettings();
  const groups = query.data?.groups.map(({ id, title }) => ({ path: id, title, show: () => <SettingGroup id={id} /> }));
  const sections = [...FIRST, ...(groups ?? []), ...LAST];
  const here = useRef<HTMLAnchorElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it moves when another section is shown, and when all came
  useEffect(() => {
    here.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [section, sections.length]);
  const shown = sections.find(({ path }) => path === section);
  return (
    <Page title="Settings">
      <div className={css.layout}>
        <nav aria-label="Settings" className={css.nav}>
          <ul>
            {sections.map(({ path, title }) => (
              <li key={path}>
                <Link
                  ref={path === section ? here : undefined}
                  href={`/settings/${path}`}
                  aria-current={path === section ? "page" : undefined}
                >
                  {title}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className={css.body}>{shown ? shown.show() : <Loaded query={query}>{() => <NoSection />}</Loaded>}</div>
      </div>
    </Page>
  );
}

function NoSection() {
  return (
    <Empty title="There is no such section" action={<LinkButton href="/settings">Go to the settings</LinkButton>} />
  );
}
