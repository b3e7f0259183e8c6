/** The link of a live page to the process it came from, and to nobody else: the token exchanged, news received, wishes sent. */
import type { LiveEnd, LiveNews, LiveStart } from "../live-words.ts";

export interface LiveListener {
  start(start: LiveStart): void;
  news(news: LiveNews): void;
  end(end: LiveEnd): void;
  /** What is wrong with the link; undefined once it is well again. */
  trouble(text: string | undefined): void;
}

const silenceMs = 6_000;
const againMs = 3_000;
const refused =
  "The process does not let this page in: it was started anew, or has too many readers. Open the address that apply has printed.";

/** The token comes in the part of the address that is never sent, and does not stay there. */
export async function connectLive(listener: LiveListener): Promise<void> {
  const token = location.hash.slice(1);
  if (token !== "") {
    history.replaceState(null, "", location.pathname);
    await exchange(token, listener);
  }
  listen(listener);
}

async function exchange(token: string, listener: LiveListener): Promise<void> {
  try {
    const response = await post("session", { token });
    if (!response.ok) listener.trouble("This address is not valid any more: open the one that apply has printed.");
  } catch {
    listener.trouble("Nobody answers at this address: the process has ended.");
  }
}

function listen(listener: LiveListener): void {
  let heardAt = new Date();
  let isLost = false;
  const source = new EventSource("events");
  const watch = setInterval(() => {
    if (!isLost && new Date().getTime() - heardAt.getTime() > silenceMs) {
      listener.trouble(`No news since ${heardAt.toLocaleTimeString()}: what is shown is as old as that.`);
    }
  }, 1000);
  const hear = (event: "start" | "news" | "end", show: (text: string) => void): void => {
    source.addEventListener(event, ({ data }: MessageEvent<string>) => {
      heardAt = new Date();
      isLost = false;
      show(data);
      listener.trouble(undefined);
    });
  };
  hear("start", (text) => {
    const start: LiveStart = JSON.parse(text);
    listener.start(start);
  });
  hear("news", (text) => {
    const news: LiveNews = JSON.parse(text);
    listener.news(news);
  });
  hear("end", (text) => {
    clearInterval(watch);
    source.close();
    const end: LiveEnd = JSON.parse(text);
    listener.end(end);
  });
  source.addEventListener("error", () => {
    isLost = true;
    if (source.readyState !== EventSource.CLOSED) {
      listener.trouble(`Connection lost; the last news came at ${heardAt.toLocaleTimeString()}. Trying again.`);
      return;
    }
    clearInterval(watch);
    listener.trouble(refused);
    setTimeout(() => listen(listener), againMs);
  });
}

export type Wish =
  | { readonly action: "pause" | "resume" | "drain" }
  | { readonly action: "rate"; readonly perSecond: number };

/** Answers what became of it, for people. */
export async function ask(wish: Wish, control: string): Promise<string> {
  try {
    const response = await post("control", wish, { "x-handover-control": control });
    if (response.ok) return "Done.";
    if (response.status === 401) return "That is not the control token.";
    return (await response.text()) || `It was refused (${response.status}).`;
  } catch {
    return "Nobody answers: nothing was changed.";
  }
}

function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    credentials: "same-origin",
    redirect: "error",
    cache: "no-store",
  });
}
