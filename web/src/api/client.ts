// The way to `/api`: types from the OpenAPI document, the CSRF token on every change, errors as one class.

import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

/** The shapes of the API by name, for example `Schemas["RunSummary"]`. */
export type Schemas = components["schemas"];

/** What is told to `window` when the server no longer knows who we are. */
export const SIGNED_OUT = "headrace:signed-out";

const SAFE = new Set(["GET", "HEAD"]);

let csrf = { header: "X-CSRF-Token", token: "" };

/** Remember what every change has to carry; it belongs to the session. */
export function setCsrf(header: string, token: string): void {
  csrf = { header, token };
}

/** A refusal of the server, in its words: what happened, and what to do. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code = "",
    readonly fix = "",
    readonly problems: readonly Schemas["Problem"][] = [],
    readonly retryAfter = 0,
  ) {
    super(message);
  }
}

const rules: Middleware = {
  onRequest({ request }) {
    if (!SAFE.has(request.method) && csrf.token) request.headers.set(csrf.header, csrf.token);
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return;
    if (response.status === 401) window.dispatchEvent(new Event(SIGNED_OUT));
    throw await errorOf(response);
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return new ApiError(0, "The server does not answer.", "unreachable", "See whether Headrace runs; then try again.");
  },
};

/** The typed client.  Use it through `ask`. */
export const api = createClient<paths>({ baseUrl: window.location.origin });
api.use(rules);

/** Return the body of an answer.  Throws ApiError. */
export async function ask<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

/** How browsers say that a part of the pages did not come. */
const NOT_LOADED = /dynamically imported module|module script failed/i;
const LOAD_AGAIN =
  "The server does not answer, or it was updated since this window was opened. See whether it runs, and load the page again.";

/** Put any error into the words for people. */
export function wordsOf(error: unknown): { message: string; fix: string; code: string } {
  if (error instanceof ApiError) return { message: error.message, fix: error.fix, code: error.code };
  const message = error instanceof Error ? error.message : String(error);
  if (NOT_LOADED.test(message)) return { message: "This page could not be loaded.", fix: LOAD_AGAIN, code: "page" };
  return { message, fix: "Load the page again. If it stays so, the log of the server may say more.", code: "page" };
}

async function errorOf(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get("Retry-After") ?? 0);
  try {
    const body = (await response.json()) as Partial<Schemas["ProblemOut"]>;
    const message = body.detail || body.title || `The server answered ${response.status}.`;
    return new ApiError(response.status, message, body.code, body.fix, body.problems, retryAfter);
  } catch {
    return new ApiError(response.status, `The server answered ${response.status} without saying why.`);
  }
}
