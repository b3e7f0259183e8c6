/** The page that follows an apply: places without content, which the process fills for whoever may read it. */
import { html } from "./markup.ts";
import type { PageContent } from "./page.ts";
import { timeLinePlace } from "./parts.ts";

/** It says nothing of the run: it is given to anybody who asks. */
export function livePage(version: string): PageContent {
  return {
    title: "A run under way",
    body: html`
      <h1 id="live-title">A run under way</h1>
      <p class="lead" id="live-verdict" role="status">Connecting.</p>
      <p class="notice" id="live-link" role="status" hidden></p>
      <progress id="live-share" max="1" value="0" aria-label="Steps that have ended"></progress>
      <ul class="strip" id="live-figures"></ul>
      <dl class="facts" id="live-facts"></dl>
      <section id="live-steering">
        <h2>Steer</h2>
        <p class="muted">Needs the control token, which stands beside the address where apply was started.</p>
        <div class="table-tools">
          <input
            type="password"
            id="live-control"
            autocomplete="off"
            placeholder="Control token"
            aria-label="Control token"
          />
          <button type="button" id="live-pause">Pause</button>
          <input
            id="live-rate"
            inputmode="decimal"
            autocomplete="off"
            placeholder="Calls a second"
            aria-label="Calls a second"
          />
          <button type="button" id="live-set-rate">Set the rate</button>
          <button type="button" id="live-drain">Stop cleanly</button>
        </div>
        <p id="live-answer" role="status"></p>
      </section>
      <section>
        <h2>Calls</h2>
        <p id="live-calls"></p>
        <h3>Calls a second, and the writes a second that were permitted</h3>
        ${timeLinePlace("calls")}
        <h3>How long 95 of 100 calls took at most; calls made again; calls refused for going too fast</h3>
        ${timeLinePlace("answers")}
      </section>
      <section>
        <h2>What went wrong</h2>
        <ol class="live-troubles" id="live-troubles"></ol>
      </section>
      <section>
        <h2>The last 200 steps</h2>
        <div class="scroll-x live-steps" tabindex="0" role="group" aria-label="The last 200 steps, newest first">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col" class="number">Step</th>
                <th scope="col">Ended</th>
                <th scope="col">Asset</th>
                <th scope="col">Why</th>
                <th scope="col" class="number">Took</th>
                <th scope="col" class="number">Calls</th>
              </tr>
            </thead>
            <tbody id="live-steps"></tbody>
          </table>
        </div>
      </section>
    `,
    tables: [],
    timeLines: [],
    provenance: `handover ${version}, on this machine only`,
    isLive: true,
  };
}
