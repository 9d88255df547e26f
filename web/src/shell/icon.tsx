// The signs of the navigation, drawn on a grid of 16.

const PATHS = {
  home: "M2.500 7.500 8 3l5.500 4.500M4 6.500V13h8V6.500",
  flows: "M2.500 4h4c3 0 2 8 5 8h2M2.500 12h3M10.500 4h3",
  packs: "M8 2 2.500 5v6L8 14l5.500-3V5L8 2ZM2.500 5 8 8l5.500-3M8 8v6",
  connections: "M6 10 10 6M6.500 4.500 8 3a3 3 0 0 1 5 5l-1.500 1.500M9.500 11.500 8 13a3 3 0 0 1-5-5l1.500-1.500",
  tools: "M9.500 3.500a3.200 3.200 0 0 0-.4 4L3 13.500l1 .5 5.500-5.500a3.200 3.200 0 0 0 4-4.500L11.500 6 10 4.500Z",
  runs: "M2.500 3.500h11M2.500 8h11M2.500 12.500h6",
  workers: "M3 3h10v4H3zM3 9h10v4H3zM5.500 5h.01M5.500 11h.01",
  problems: "M8 2.500 14 13H2L8 2.500ZM8 6.500v3M8 11.200v.01",
  settings:
    "M2.500 4.500h6M12 4.500h1.500M2.500 11.500H4M7.500 11.500h6M8.500 4.500a1.700 1.700 0 1 0 3.400 0 1.700 1.700 0 1 0-3.400 0ZM4 11.500a1.700 1.700 0 1 0 3.400 0 1.700 1.700 0 1 0-3.400 0Z",
  menu: "M2.500 4.500h11M2.500 8h11M2.500 11.500h11",
} as const;

export type IconName = keyof typeof PATHS;

/** A sign; the word beside it says what it means. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
