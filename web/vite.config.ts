import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { licences } from "./licences.ts";

// `npm run dev` shows the pages of a server that runs elsewhere: HEADRACE_URL, by default `make serve`.
const server = process.env.HEADRACE_URL ?? "http://127.0.0.1:8080";
const proxy = Object.fromEntries(["/api", "/mcp", "/healthz"].map((path) => [path, server]));

export default defineConfig({
  plugins: [react(), licences()],
  build: {
    outDir: "../coordinator/static",
    emptyOutDir: true,
    target: ["chrome123", "firefox128", "safari17.5"], // all know light-dark()
    assetsInlineLimit: 0, // nothing inline: the policy of the pages refuses it
    rolldownOptions: { checks: { pluginTimings: false } }, // how long it took is no warning
    manifest: true, // tells the tests what the first load consists of
  },
  server: { proxy },
  preview: { proxy },
});
