import { useState } from "react";
import { Button } from "./button";
import css from "./code.module.css";
import { visible } from "./text";

/** Text of a machine, with a button that copies it whole. */
export function CodeBlock({ text, label, tall = false }: { text: string; label: string; tall?: boolean }) {
  return (
    <div className={css.block}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section tabIndex={0} data-tall={tall} aria-label={label}>
        <pre>{visible(text)}</pre>
      </section>
      <span className={css.copy}>
        <CopyButton text={text} label={label} />
      </span>
    </div>
  );
}

/** Copies a text, and says that it did. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    setSaid((await copied(text)) ? "Copied" : "Select and copy it by hand");
    window.setTimeout(() => setSaid(""), 2500);
  };
  return (
    <Button small onClick={copy} aria-label={`Copy: ${label}`}>
      <span aria-live="polite">{said || "Copy"}</span>
    </Button>
  );
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // browsers allow it on https and on this machine only
  }
}
