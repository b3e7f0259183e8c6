/** The program of the page that follows an apply: shows what the process says, and hands it what its user wishes. */
import { ask, connectLive } from "./live-link.ts";
import type { Wish } from "./live-link.ts";
import { LiveView, byId, say } from "./live-view.ts";
import { mountTheme } from "./theme.ts";

const sureMs = 5_000;

function mountControls(view: LiveView): void {
  const control = byId("live-control");
  const rate = byId("live-rate");
  const wish = (wanted: Wish): void => {
    say("live-answer", "");
    const token = control instanceof HTMLInputElement ? control.value.trim() : "";
    void ask(wanted, token).then((answer) => say("live-answer", answer));
  };
  byId("live-pause").addEventListener("click", () => wish({ action: view.isPaused ? "resume" : "pause" }));
  byId("live-set-rate").addEventListener("click", () => {
    const perSecond = rate instanceof HTMLInputElement ? Number(rate.value.replace(",", ".")) : Number.NaN;
    if (perSecond > 0) wish({ action: "rate", perSecond });
    else say("live-answer", "Write calls a second, such as 8 or 0.5.");
  });
  const drain = byId("live-drain");
  let isSure = false;
  drain.addEventListener("click", () => {
    if (isSure) {
      wish({ action: "drain" });
      return;
    }
    isSure = true;
    drain.textContent = "Press again to stop";
    setTimeout(() => {
      isSure = false;
      drain.textContent = "Stop cleanly";
    }, sureMs);
  });
}

const view = new LiveView();
mountTheme();
mountControls(view);
void connectLive(view);
