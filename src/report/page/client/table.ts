/** A table that draws only the rows in sight: filter, sort, keys, and all details of a row that is opened. */
import type { PackedTable, PageData } from "../packed.ts";
import { element } from "./element.ts";
import { RowDetails } from "./details.ts";
import { Rows } from "./rows.ts";
import type { Order, Wanted } from "./rows.ts";

const rowHeight = 34;
/** What one share of the width is at least: below it a table scrolls sideways in its box. */
const shareWidthMin = 78;
const spare = 12;
/** Rows that are printed; more make a book of it. */
const printedMax = 2000;

export interface Table {
  /** Shows the rows that answer: column keys and values, a part of the value after `~`, `q` for words. */
  filter(query: URLSearchParams): void;
  /** Brings the table into view. */
  show(): void;
}

export function mountTable(place: HTMLElement, packed: PackedTable, pools: PageData["pools"]): Table {
  return new TableView(place, packed, pools);
}

class TableView implements Table {
  readonly #place: HTMLElement;
  readonly #rows: Rows;
  readonly #details: RowDetails;
  readonly #search = element("input", { type: "search", placeholder: "Filter", autocomplete: "off" });
  readonly #menus = new Map<string, HTMLSelectElement>();
  readonly #status = element("p", { className: "table-status" });
  readonly #chips = element("div", { className: "chips" });
  readonly #scroller = element("div", { className: "table-scroll" });
  readonly #table = element("table", { tabIndex: 0 });
  readonly #body = element("tbody");
  readonly #heads: HTMLTableCellElement[] = [];
  readonly #shownColumns: readonly number[];
  #where = new Map<string, Wanted>();
  #order: Order | undefined;
  #found: readonly number[] = [];
  #current = 0;
  #drawn = "";
  #printing = false;

  constructor(place: HTMLElement, packed: PackedTable, pools: PageData["pools"]) {
    this.#place = place;
    this.#rows = new Rows(packed, pools);
    this.#details = new RowDetails(this.#rows, () => this.#closed());
    this.#shownColumns = packed.columns.flatMap(({ kind }, index) =>
      kind === "text" || kind === "number" || kind === "choice" ? [index] : [],
    );
    this.#build();
    this.#listen();
    this.#refresh();
  }

  filter(query: URLSearchParams): void {
    this.#search.value = query.get("q") ?? "";
    this.#where = new Map(
      [...query]
        .filter(([key]) => key !== "q")
        .map(([key, value]) => {
          const isPart = value.startsWith("~");
          return [key, { text: isPart ? value.slice(1) : value, isPart }];
        }),
    );
    for (const [key, menu] of this.#menus) menu.value = this.#where.get(key)?.text ?? "";
    this.#refresh();
  }

  show(): void {
    this.#place.scrollIntoView({ block: "start" });
    this.#table.focus({ preventScroll: true });
  }

  #build(): void {
    const { columns, nouns } = this.#rows.table;
    this.#search.setAttribute("aria-label", `Filter ${nouns[1]}`);
    const tools = element("div", { className: "table-tools" }, [this.#search]);
    for (const [index, column] of columns.entries()) {
      if (column.kind !== "choice") continue;
      const menu = element("select");
      menu.setAttribute("aria-label", `${column.label}: which`);
      menu.append(new Option(`${column.label}: all`, ""));
      for (const choice of this.#rows.choices(index)) menu.append(new Option(choice, choice));
      menu.addEventListener("change", () => {
        if (menu.value === "") this.#where.delete(column.key);
        else this.#where.set(column.key, { text: menu.value, isPart: false });
        this.#refresh();
      });
      this.#menus.set(column.key, menu);
      tools.append(menu);
    }
    const clear = element("button", { type: "button", textContent: "Clear" });
    clear.addEventListener("click", () => this.filter(new URLSearchParams()));
    tools.append(clear);
    this.#status.setAttribute("role", "status");
    this.#table.append(this.#headOf(), this.#body);
    this.#table.setAttribute("role", "grid");
    this.#table.setAttribute("aria-label", `${nouns[1]}: arrows move, Enter opens`);
    this.#scroller.append(this.#table);
    this.#place.replaceChildren(tools, this.#status, this.#chips, this.#scroller, this.#details.panel);
  }

  #headOf(): HTMLTableSectionElement {
    const { columns } = this.#rows.table;
    const shares = this.#shownColumns.map((index) => columns[index]?.share ?? 1);
    const sum = shares.reduce((total, share) => total + share, 0);
    this.#table.style.minWidth = `${Math.round(sum * shareWidthMin)}px`;
    const row = element("tr");
    for (const [place, index] of this.#shownColumns.entries()) {
      const column = columns[index];
      const sorter = element("button", { type: "button", textContent: column?.label ?? "" });
      const head = element("th", { scope: "col", className: column?.kind === "number" ? "number" : "" }, [sorter]);
      head.style.width = `${(100 * (shares[place] ?? 1)) / sum}%`;
      sorter.addEventListener("click", () => this.#sortBy(index));
      this.#heads.push(head);
      row.append(head);
    }
    return element("thead", {}, [row]);
  }

  #listen(): void {
    let timer = 0;
    this.#search.addEventListener("input", () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => this.#refresh(), 120);
    });
    this.#scroller.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.#table.addEventListener("keydown", (event) => this.#key(event));
    this.#body.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest("tr") : null;
      const at = Number(row?.dataset["at"] ?? "-1");
      if (at < 0 || (event.target instanceof Element && event.target.closest("a") !== null)) return;
      this.#current = at;
      this.#redraw();
      this.#open();
    });
    addEventListener("resize", () => this.#draw());
    addEventListener("beforeprint", () => this.#setPrinting(true));
    addEventListener("afterprint", () => this.#setPrinting(false));
  }

  #setPrinting(printing: boolean): void {
    this.#printing = printing;
    this.#status.textContent = this.#statusText();
    this.#redraw();
  }

  #sortBy(column: number): void {
    const isSame = this.#order?.column === column;
    this.#order = isSame && this.#order?.descending === true ? undefined : { column, descending: isSame };
    this.#refresh();
  }

  #refresh(): void {
    const found = this.#rows.find({ words: this.#search.value, where: this.#where });
    this.#found = this.#order === undefined ? found : this.#rows.sort(found, this.#order);
    this.#current = 0;
    this.#scroller.scrollTop = 0;
    for (const [place, index] of this.#shownColumns.entries()) {
      const isSorted = this.#order?.column === index;
      this.#heads[place]?.setAttribute(
        "aria-sort",
        isSorted ? (this.#order?.descending === true ? "descending" : "ascending") : "none",
      );
    }
    this.#status.textContent = this.#statusText();
    this.#showChips();
    this.#details.panel.hidden = true;
    this.#scroller.classList.remove("is-open");
    this.#table.setAttribute("aria-rowcount", String(this.#found.length + 1));
    this.#redraw();
  }

  /** What is filtered by without a menu that shows it: pressed, it goes. */
  #showChips(): void {
    const chips = [...this.#where].flatMap(([key, { text }]) => {
      const column = this.#rows.table.columns[this.#rows.indexOf(key)];
      if (column === undefined || this.#menus.has(key)) return [];
      const chip = element("button", { type: "button", textContent: `${column.label}: ${text}` });
      chip.setAttribute("aria-label", `Not only ${column.label}: ${text}`);
      chip.addEventListener("click", () => {
        this.#where.delete(key);
        this.#refresh();
        this.#table.focus({ preventScroll: true });
      });
      return [chip];
    });
    this.#chips.replaceChildren(...chips);
  }

  #statusText(): string {
    const { rows, total, nouns } = this.#rows.table;
    const number = (count: number): string => count.toLocaleString("en");
    const shown = this.#found.length === rows ? number(rows) : `${number(this.#found.length)} of ${number(rows)}`;
    const missing = total > rows ? `; this page carries the first ${number(rows)} of ${number(total)}` : "";
    const cut =
      this.#printing && this.#found.length > printedMax ? `; the first ${number(printedMax)} are printed` : "";
    return `${shown} ${rows === 1 ? nouns[0] : nouns[1]}${missing}${cut}`;
  }

  #redraw(): void {
    this.#drawn = "";
    this.#draw();
  }

  /** The rows in sight between two spacers as tall as the rest. */
  #draw(): void {
    const height = this.#scroller.clientHeight || 600;
    const first = this.#printing ? 0 : Math.max(0, Math.floor(this.#scroller.scrollTop / rowHeight) - spare);
    const sight = Math.ceil(height / rowHeight) + 2 * spare;
    const last = Math.min(this.#found.length, this.#printing ? printedMax : first + sight);
    const drawn = `${first} ${last}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const rows: HTMLElement[] = [this.#spacer(first)];
    for (let at = first; at < last; at += 1) rows.push(this.#row(at));
    rows.push(this.#spacer(this.#printing ? 0 : this.#found.length - last));
    this.#body.replaceChildren(...(this.#found.length === 0 ? [this.#nothing()] : rows));
    if (this.#found.length === 0) this.#table.removeAttribute("aria-activedescendant");
    else this.#table.setAttribute("aria-activedescendant", this.#idOf(this.#current));
  }

  #nothing(): HTMLElement {
    const { rows, nouns } = this.#rows.table;
    const text = rows === 0 ? `There are no ${nouns[1]}.` : `None of the ${nouns[1]} fits.`;
    const cell = element("td", { colSpan: this.#shownColumns.length, textContent: text });
    return element("tr", { className: "nothing" }, [cell]);
  }

  #idOf(at: number): string {
    return `${this.#rows.table.id}-row-${at}`;
  }

  #spacer(rows: number): HTMLElement {
    const cell = element("td", { colSpan: this.#shownColumns.length });
    cell.style.height = `${rows * rowHeight}px`;
    const row = element("tr", { className: "spacer" }, [cell]);
    row.setAttribute("aria-hidden", "true");
    return row;
  }

  #row(at: number): HTMLElement {
    const { columns, link } = this.#rows.table;
    const index = this.#found[at] ?? 0;
    const row = element("tr", { id: this.#idOf(at), className: at === this.#current ? "current" : "" });
    row.setAttribute("aria-selected", String(at === this.#current));
    row.dataset["at"] = String(at);
    row.setAttribute("aria-rowindex", String(at + 2));
    for (const column of this.#shownColumns) {
      const { key = "", kind = "text" } = columns[column] ?? {};
      const text = this.#rows.text(index, column);
      const cell = element("td", { className: kind === "number" ? "number" : "" });
      if (kind === "choice") cell.dataset["value"] = text;
      const address = link?.from === key ? this.#rows.address(index) : undefined;
      if (address !== undefined) {
        cell.append(
          element("a", {
            href: address,
            textContent: text === "" ? "(no title)" : text,
            rel: "noreferrer noopener",
            target: "_blank",
            // Reached from the details: a stop of Tab in each row would make the table hard to leave.
            tabIndex: -1,
          }),
        );
      } else cell.textContent = text;
      cell.title = text;
      row.append(cell);
    }
    return row;
  }

  #key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / rowHeight) - 1);
    const steps = new Map([
      ["ArrowDown", this.#current + 1],
      ["ArrowUp", this.#current - 1],
      ["PageDown", this.#current + page],
      ["PageUp", this.#current - page],
      ["Home", 0],
      ["End", this.#found.length - 1],
    ]);
    const next = steps.get(event.key);
    if (event.key === "Enter" && event.target === this.#table) this.#open();
    else if (event.key === "Escape") this.#details.close();
    else if (next !== undefined) this.#moveTo(next);
    else return;
    event.preventDefault();
  }

  #moveTo(next: number): void {
    this.#current = Math.min(Math.max(0, next), Math.max(0, this.#found.length - 1));
    const top = this.#current * rowHeight;
    const room = this.#scroller.clientHeight - 2 * rowHeight;
    if (top < this.#scroller.scrollTop) this.#scroller.scrollTop = top;
    else if (top > this.#scroller.scrollTop + room) this.#scroller.scrollTop = top - room;
    this.#redraw();
    if (this.#details.isOpen) this.#open();
  }

  #open(): void {
    const row = this.#found[this.#current];
    if (row === undefined) return;
    this.#details.open(row);
    this.#scroller.classList.add("is-open");
  }

  #closed(): void {
    this.#scroller.classList.remove("is-open");
    this.#table.focus({ preventScroll: true });
  }
}
