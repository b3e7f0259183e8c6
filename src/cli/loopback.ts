/** The end of a sign-in on this machine: waits for one browser to come back with the answer to the question that was asked. */
import { timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the browser brought: a code, or Google's word for why there is none. */
export type Brought = { readonly code: string } | { readonly error: string };

export interface Loopback {
  /** Where the browser is to come back to. */
  readonly redirect: string;
  readonly brought: Promise<Brought>;
  close(): Promise<void>;
}

const lettersMax = 4096;
const base = "http://127.0.0.1";

/** Listens on 127.0.0.1, at a port of chance. Only an answer that carries `state` counts, and only the first. */
export async function listenForAnswer(state: string, onStranger: () => void): Promise<Loopback> {
  const server = createServer({ headersTimeout: 5000, requestTimeout: 5000, maxHeaderSize: 16 * 1024 });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const brought = new Promise<Brought>((resolve) => {
    let isAnswered = false;
    server.on("request", (request, response) => {
      const said = isAnswered ? answeredBefore : read(request, port, state);
      if (said === stranger) onStranger();
      if (said.brought !== undefined) {
        isAnswered = true;
        resolve(said.brought);
      }
      say(response, said);
    });
  });
  return { redirect: `http://127.0.0.1:${port}/`, brought, close: () => closed(server) };
}

interface Said {
  readonly status: number;
  readonly words: string;
  readonly brought?: Brought;
}

const answeredBefore: Said = { status: 410, words: "This sign-in has been answered already. Close this page." };
const stranger: Said = { status: 400, words: "This is not the answer to the sign-in under way. Close this page." };
const elsewhere: Said = { status: 404, words: "There is nothing here." };

function read(request: IncomingMessage, port: number, state: string): Said {
  // A page elsewhere that makes a browser come here by another name is not the one that was asked.
  if (request.headers.host !== `127.0.0.1:${port}`)
    return { status: 403, words: "This address answers to itself only." };
  if (request.method !== "GET") return { status: 405, words: "Only a browser's answer is taken here." };
  const asked = request.url ?? "/";
  // Such as `//`: what is no address must not throw, or anybody on this machine could end the sign-in.
  const url = URL.canParse(asked, base) ? new URL(asked, base) : undefined;
  if (url?.pathname !== "/") return elsewhere;
  const one = (name: string): string | undefined => {
    const all = url.searchParams.getAll(name);
    return all.length === 1 && (all[0] ?? "").length <= lettersMax ? all[0] : undefined;
  };
  if (!isSame(one("state") ?? "", state)) return stranger;
  const code = one("code");
  const error = one("error");
  if (code !== undefined && code !== "" && error === undefined) {
    const words = "Back to the terminal: it says whether the sign-in worked. This page can be closed.";
    return { status: 200, words, brought: { code } };
  }
  if (error === undefined || error === "" || code !== undefined) return stranger;
  return { status: 200, words: "The sign-in was refused: the terminal says why.", brought: { error } };
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Nothing that came is repeated on the page, and nothing of it is kept by the browser. */
function say(response: ServerResponse, { status, words }: Said): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    connection: "close",
  });
  response.end(`<!doctype html><html lang="en"><title>handover</title><p>${words}</p></html>\n`);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    // The last page may still be on its way to the browser; what has not ended by then is cut off.
    setTimeout(() => server.closeAllConnections(), 500).unref();
  });
}
