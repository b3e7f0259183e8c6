/** Everything about one row, below its table: values in full, and what can be copied. */
import { element } from "./element.ts";
import type { Rows } from "./rows.ts";

export class RowDetails {
  readonly panel = element("section", { className: "details", hidden: true });
  readonly #rows: Rows;

  constructor(rows: Rows) {
    this.#rows = rows;
    this.panel.setAttribute("aria-live", "polite");
    this.panel.setAttribute("aria-label", `One of the ${rows.table.nouns[1]}`);
  }

  get isOpen(): boolean {
    return !this.panel.hidden;
  }

  open(row: number): void {
    const list = element("dl");
    for (const [index, { label, kind }] of this.#rows.table.columns.entries()) {
      const text = this.#rows.text(row, index);
      if (kind === "hidden" || text === "") continue;
      list.append(element("dt", { textContent: label }), this.#value(text, kind === "copy"));
    }
    const close = element("button", { type: "button", textContent: "Close" });
    close.addEventListener("click", () => this.close());
    this.panel.replaceChildren(close, list);
    this.panel.hidden = false;
  }

  close(): void {
    this.panel.hidden = true;
  }

  #value(text: string, copies: boolean): HTMLElement {
    if (!copies) {
      const isAddress = text.startsWith("https://");
      const shown = isAddress
        ? element("a", { href: text, textContent: text, rel: "noreferrer noopener", target: "_blank" })
        : document.createTextNode(text);
      return element("dd", {}, [shown]);
    }
    const button = element("button", { type: "button", textContent: "Copy" });
    button.addEventListener("click", () => {
      navigator.clipboard.writeText(text).then(
        () => (button.textContent = "Copied"),
        () => (button.textContent = "Select the text and copy it"),
      );
    });
    return element("dd", {}, [element("code", { textContent: text }), button]);
  }
}
