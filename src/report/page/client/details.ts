/** Everything about one row, below its table: values in full, the way to the asset, and what can be copied. */
import { copySplit } from "../packed.ts";
import { copyOn } from "./copying.ts";
import { element } from "./element.ts";
import type { Rows } from "./rows.ts";

export class RowDetails {
  readonly panel: HTMLElement = element("section", { className: "details", hidden: true });
  readonly #rows: Rows;
  readonly #closed: () => void;

  /** `closed` is called when the reader closes it. */
  constructor(rows: Rows, closed: () => void) {
    this.#rows = rows;
    this.#closed = closed;
    this.panel.setAttribute("aria-live", "polite");
    this.panel.setAttribute("aria-label", `One of the ${rows.table.nouns[1]}`);
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  get isOpen(): boolean {
    return !this.panel.hidden;
  }

  open(row: number): void {
    const list = element("dl");
    for (const [index, { label, kind, isList }] of this.#rows.table.columns.entries()) {
      const text = this.#rows.text(row, index);
      if (kind === "hidden" || text === "") continue;
      const shown =
        kind === "copy" ? this.#copied(text) : isList === true ? items(text) : [document.createTextNode(text)];
      list.append(element("dt", { textContent: label }), element("dd", {}, shown));
    }
    this.panel.replaceChildren(this.#tools(row), list);
    this.panel.hidden = false;
    this.panel.scrollIntoView({ block: "nearest" });
  }

  close(): void {
    if (this.panel.hidden) return;
    this.panel.hidden = true;
    this.#closed();
  }

  #tools(row: number): HTMLElement {
    const address = this.#rows.address(row);
    const close = element("button", { type: "button", textContent: "Close" });
    close.addEventListener("click", () => this.close());
    const link =
      address === undefined
        ? element("span")
        : element("a", {
            href: address,
            textContent: "Open in Looker Studio",
            rel: "noreferrer noopener",
            target: "_blank",
          });
    return element("div", { className: "details-tools" }, [link, close]);
  }

  /** A row of CSV below the names of its columns. */
  #copied(text: string): readonly Node[] {
    const at = text.indexOf(copySplit);
    const row = at < 0 ? text : text.slice(at + copySplit.length);
    const whole = at < 0 ? text : `${text.slice(0, at)}\n${row}`;
    const alone = element("button", { type: "button", textContent: "Copy the row" });
    copyOn(alone, row);
    const headed = element("button", { type: "button", textContent: "Copy with column names" });
    copyOn(headed, whole);
    return [element("pre", { className: "code", textContent: whole }), alone, headed];
  }
}

/** One a line; what is added or removed is marked by its sign. */
function items(text: string): readonly Node[] {
  return text.split(", ").map((item) => {
    const sign = item.startsWith("+") ? "added" : item.startsWith("-") ? "removed" : "";
    return element("div", { className: sign, textContent: item });
  });
}
