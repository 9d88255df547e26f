// A pack that is not in the catalog: a zip from this machine, or from an address together with its SHA-256.

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, ask, type Schemas } from "../api/client";
import { Button, Card, Choice, Failure, Field, Page, TextField } from "../ui";
import { Wizard } from "./pack";

type Source = Schemas["PackSource"];
type From = "file" | "address";

export default function PackOtherPage() {
  const [from, setFrom] = useState<From>("file");
  const [file, setFile] = useState<File | null>(null);
  const [url, setUrl] = useState("");
  const [sha256, setSha256] = useState("");
  const reading = useMutation({
    mutationFn: async () => {
      const source: Source =
        from === "address" ? { url: url.trim(), sha256: sha256.trim() } : { zip: file ? await inBase64(file) : "" };
      return { source, pack: await ask(api.POST("/api/pack-details", { body: { source } })) };
    },
  });
  if (reading.data) return <Wizard {...reading.data} back="/packs" />;
  return (
    <Page
      title="Install another pack"
      lead="A zip with pack.yaml and its flows. It brings no code, and nothing is installed before you have seen what it brings."
      back={<Link href="/packs">Packs</Link>}
    >
      <Card>
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            reading.mutate();
          }}
        >
          <div>
            <Choice
              label="Where it is"
              choices={[
                ["file", "A file"],
                ["address", "An address"],
              ]}
              value={from}
              onChange={setFrom}
            />
          </div>
          {from === "file" ? (
            <Field label="Zip of the pack" help="A zipped folder with pack.yaml, README.md and flows/.">
              {(control) => (
                <input
                  {...control}
                  type="file"
                  accept=".zip"
                  required
                  onChange={(event) => setFile(event.target.files?.[0] ?? null)}
                />
              )}
            </Field>
          ) : (
            <>
              <TextField
                label="Address of the zip"
                help="Begins with https://."
                required
                value={url}
                onChange={setUrl}
              />
              <TextField
                label="SHA-256 of the zip"
                help="64 hexadecimal digits, so that you get what was meant."
                required
                value={sha256}
                onChange={setSha256}
              />
            </>
          )}
          {reading.error && <Failure error={reading.error} />}
          <div className="row">
            <Button type="submit" tone="primary" busy={reading.isPending}>
              Look at it
            </Button>
          </div>
        </form>
      </Card>
    </Page>
  );
}

/** The content of a file as the server takes it. */
async function inBase64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
