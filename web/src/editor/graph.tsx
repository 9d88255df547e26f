// The picture of a flow: the server says where everything is, this draws it.  Boxes are buttons that lead to the text.

import { type CSSProperties, useLayoutEffect, useRef, useState } from "react";
import type { Schemas } from "../api/client";
import { Button, Text } from "../ui";
import css from "./graph.module.css";
import type { Part } from "./use-check";

type Graph = Schemas["Graph"];
type Box = Schemas["Box"];

const ZOOMS = [0.5, 0.65, 0.8, 1, 1.25];
const ONE = 3;
const MARGIN = 24;
const HEAD = 56;

/** Draw a flow; a press on a part goes to its text. */
export function FlowGraph({
  graph,
  parts,
  current,
  onSelect,
}: {
  graph: Graph;
  parts: readonly Part[];
  current: string;
  onSelect: (part: Part) => void;
}) {
  const [chosen, setZoom] = useState<number | null>(null);
  const room = useRef<HTMLElement>(null);
  const [fitting, setFitting] = useState(ONE);
  useLayoutEffect(() => {
    const space = room.current?.clientWidth ?? 0;
    setFitting(
      Math.max(
        0,
        ZOOMS.findLastIndex((each, index) => index <= ONE && graph.width * each + MARGIN < space),
      ),
    );
  }, [graph.width]);
  const zoom = chosen ?? fitting;
  const scale = ZOOMS[zoom] ?? 1;
  const byId = new Map(parts.map((part) => [part.id, part]));
  const boxes = new Map(graph.boxes.map((box) => [box.id, box]));
  const width = graph.width + 2 * MARGIN;
  const height = graph.height + 2 * MARGIN;
  return (
    <div className={css.frame}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section ref={room} className={css.scroll} aria-label="Picture of the flow" tabIndex={0}>
        <div className={css.room} style={{ width: width * scale, height: height * scale }}>
          <div className={css.plane} style={{ width, height, scale: String(scale) }}>
            {graph.boxes.map((box) => {
              const part = byId.get(box.id);
              return part && <Shape key={box.id} box={box} part={part} current={current} onSelect={onSelect} />;
            })}
            <Arrows graph={graph} boxes={boxes} width={width} height={height} />
          </div>
        </div>
      </section>
      <div className={css.zoom}>
        <Button small aria-label="Smaller" disabled={zoom === 0} onClick={() => setZoom(zoom - 1)}>
          −
        </Button>
        <Button small aria-label="Larger" disabled={zoom === ZOOMS.length - 1} onClick={() => setZoom(zoom + 1)}>
          +
        </Button>
      </div>
    </div>
  );
}

function Shape({
  box,
  part,
  current,
  onSelect,
}: {
  box: Box;
  part: Part;
  current: string;
  onSelect: (part: Part) => void;
}) {
  const place: CSSProperties = { left: box.x + MARGIN, top: box.y + MARGIN, width: box.width, height: box.height };
  if (part.kind === "branch") {
    return (
      <div className={css.branch} style={place}>
        <span title={part.name}>
          <Text>{part.name}</Text>
        </span>
      </div>
    );
  }
  return (
    <div className={css.part} style={place} data-container={box.is_container}>
      <button
        type="button"
        className={css.step}
        style={{ height: HEAD }}
        data-kind={part.kind}
        data-severity={part.severity}
        aria-current={part.id === current || undefined}
        onClick={() => onSelect(part)}
      >
        <PartWords part={part} />
      </button>
    </div>
  );
}

/** What a part is called, and what it does. */
export function PartWords({ part }: { part: Part }) {
  const about = part.kind === "step" ? part.component : part.kind;
  return (
    <>
      <span className={css.title}>
        <span className={css.name}>
          <Text>{part.name}</Text>
        </span>
        {about !== part.name && <span className={css.component}>{about}</span>}
        {part.marks.map((mark) => (
          <span key={mark} className={css.mark}>
            {mark}
          </span>
        ))}
        {part.severity && <span className={css.severity}>{part.severity}</span>}
      </span>
      {part.detail && (
        <span className={css.detail}>
          <Text>{part.detail}</Text>
        </span>
      )}
    </>
  );
}

function Arrows({
  graph,
  boxes,
  width,
  height,
}: {
  graph: Graph;
  boxes: Map<string, Box>;
  width: number;
  height: number;
}) {
  return (
    <svg className={css.arrows} width={width} height={height} aria-hidden="true">
      {graph.edges.map(({ source, target }) => {
        const from = boxes.get(source);
        const to = boxes.get(target);
        return from && to && <path key={`${source} ${target}`} d={arrow(from, to)} />;
      })}
    </svg>
  );
}

/** A line from the foot of one box to the head of the next, with its point. */
function arrow(from: Box, to: Box): string {
  const [x1, y1] = [from.x + from.width / 2 + MARGIN, from.y + from.height + MARGIN];
  const [x2, y2] = [to.x + to.width / 2 + MARGIN, to.y + MARGIN - 1];
  const middle = (y1 + y2) / 2;
  return `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}m-4-6l4 6l4-6`;
}
