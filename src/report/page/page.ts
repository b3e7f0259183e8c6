/** One HTML file that needs nothing else: styles, program and data are in it, and its policy lets nothing in or out. */
import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { Markup, html } from "./markup.ts";
import type { PackedTable, PageData, TimeLine } from "./packed.ts";

/** What a page is built from beside its content: the text of one script and one style sheet. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

export interface PageContent {
  readonly title: string;
  /** Everything between the header line and the end. A `<div data-table="id">` is where a table goes, `data-timeline` a time line. */
  readonly body: Markup;
  readonly tables: readonly PackedTable[];
  readonly pools?: PageData["pools"];
  readonly timeLines: readonly TimeLine[];
  /** The line at the foot: what made the page, when, from what. */
  readonly provenance: string;
  /** Whether the page follows a run that is going on: only such a page may talk to where it came from. */
  readonly isLive?: boolean;
}

/** The whole file. */
export function pageHtml(content: PageContent, assets: PageAssets): string {
  const data: PageData = { tables: content.tables, pools: content.pools ?? {}, timeLines: content.timeLines };
  const packed = deflateRawSync(JSON.stringify(data), { level: 9 }).toString("base64");
  const policy = contentPolicy(assets, content.isLive === true);
  // Hashed as they stand: not a blank may differ between the hash and the element.
  const style = new Markup(`<style>${assets.style}</style>`);
  const script = new Markup(`<script>${assets.script}</script>`);
  const payload = new Markup(`<script type="application/octet-stream" id="page-data">${packed}</script>`);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="referrer" content="no-referrer" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${content.title}</title>
        <link rel="icon" href="data:," />
        ${style}
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="bar">
          <span class="brand">Handover</span><span class="bar-title">${content.title}</span
          ><button type="button" id="theme" hidden>Theme</button>
        </header>
        <main id="content">${content.body}</main>
        <footer>${content.provenance}</footer>
        <noscript
          ><p class="notice">
            The tables of this page need JavaScript, which stays on this page: it talks to nobody.
          </p></noscript
        >
        ${payload} ${script}
      </body>
    </html> `.text;
}

/** Nothing by default; the one script and the one style by their hashes. */
export function contentPolicy({ script, style }: PageAssets, isLive: boolean): string {
  return [
    "default-src 'none'",
    `script-src ${hashSource(script)}`,
    `style-src ${hashSource(style)}`,
    "img-src data:",
    ...(isLive ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function hashSource(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
