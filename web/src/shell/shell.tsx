// Navigation beside the page; in narrow windows above it, behind a button.

import { type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import { useStatus } from "../api/queries";
import mark from "../icon.svg";
import { chooseTheme, chosenTheme, THEMES } from "../theme";
import { Icon, type IconName } from "./icon";
import css from "./shell.module.css";

type Entry = { href: string; title: string; icon: IconName };

const GROUPS: { title: string; entries: Entry[] }[] = [
  { title: "", entries: [{ href: "/", title: "Home", icon: "home" }] },
  {
    title: "Build",
    entries: [
      { href: "/flows", title: "Flows", icon: "flows" },
      { href: "/packs", title: "Packs", icon: "packs" },
      { href: "/connections", title: "Connections", icon: "connections" },
    ],
  },
  {
    title: "Watch",
    entries: [
      { href: "/tools", title: "Tools", icon: "tools" },
      { href: "/runs", title: "Runs", icon: "runs" },
      { href: "/workers", title: "Workers", icon: "workers" },
      { href: "/problems", title: "Problems", icon: "problems" },
    ],
  },
  { title: "Manage", entries: [{ href: "/settings", title: "Settings", icon: "settings" }] },
];

/** The frame of the pages. */
export function Shell({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  const [openAt, setOpenAt] = useState<string | null>(null);
  const isOpen = openAt === path; // to go somewhere closes it
  return (
    <div className={css.shell}>
      <a href="#page" className={css.skip}>
        Skip to the page
      </a>
      <header className={css.bar}>
        <Link href="/" className={css.brand}>
          <img src={mark} alt="" width="24" height="24" />
          Headrace
        </Link>
        <button
          type="button"
          className={css.menu}
          aria-expanded={isOpen}
          aria-controls="navigation"
          onClick={() => setOpenAt(isOpen ? null : path)}
        >
          <Icon name="menu" /> Menu
        </button>
      </header>
      <div id="navigation" className={css.side} data-open={isOpen}>
        <nav aria-label="Pages">
          {GROUPS.map((group) => (
            <div key={group.title} className={css.group}>
              {group.title && <div className={css.groupTitle}>{group.title}</div>}
              <ul>
                {group.entries.map((entry) => (
                  <li key={entry.href}>
                    <NavLink entry={entry} path={path} />
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </nav>
        <footer className={css.foot}>
          <ThemeChoice />
        </footer>
      </div>
      <main id="page" className={css.main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function NavLink({ entry, path }: { entry: Entry; path: string }) {
  const isHere = entry.href === "/" ? path === "/" : path === entry.href || path.startsWith(`${entry.href}/`);
  return (
    <Link href={entry.href} className={css.link} aria-current={isHere ? "page" : undefined}>
      <Icon name={entry.icon} />
      {entry.title}
      {entry.href === "/problems" && <ProblemCount />}
    </Link>
  );
}

function ProblemCount() {
  const { data } = useStatus();
  if (!data?.errors) return null;
  return (
    <span className={css.count}>
      {data.errors}
      <span className="visually-hidden"> errors</span>
    </span>
  );
}

function ThemeChoice() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <label className={css.theme}>
      Theme
      <select
        value={theme}
        onChange={(event) => {
          const chosen = THEMES.find((each) => each === event.target.value) ?? "system";
          chooseTheme(chosen);
          setTheme(chosen);
        }}
      >
        <option value="system">As the system</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}
