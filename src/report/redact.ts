/** Reports that may leave the house: addresses and titles replaced, each by the same word wherever it stands. */

export type Redaction = "emails" | "titles" | "both";

/**
 * Anything that looks like an address in a longer text, letters of any script included. The domain stays: whom a grant
 * lets in is what a report is about.
 */
const addresses = /[^\s"'<>()[\]{},;:|=@][^\s"<>()[\],;:@]*@([\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*)/gu;

/** From the first quotation mark to the last: a title may hold some of its own. */
const quotedTitle = /"(.*)"/su;

export class Redactor {
  readonly #emails: boolean;
  readonly #titles: boolean;
  readonly #people = new Map<string, string>();
  readonly #named = new Map<string, string>();

  constructor(redaction: Redaction | undefined) {
    this.#emails = redaction === "emails" || redaction === "both";
    this.#titles = redaction === "titles" || redaction === "both";
  }

  /** What was left out, for the foot of a report; empty for nothing. */
  get note(): string {
    const what = [this.#emails ? "addresses" : "", this.#titles ? "titles" : ""].filter((part) => part !== "");
    return what.length === 0 ? "" : `${what.join(" and ")} replaced`;
  }

  /** A text that may hold addresses, and titles between quotation marks as messages set them. */
  text(text: string): string {
    const untitled = this.#titles
      ? text.replace(quotedTitle, (_, title: string) => `"${numbered(this.#named, title, "title")}"`)
      : text;
    return this.#addressless(untitled);
  }

  #addressless(text: string): string {
    if (!this.#emails || !text.includes("@")) return text;
    return text.replace(addresses, (address, domain: string) => `${this.#person(address.toLowerCase())}@${domain}`);
  }

  title(title: string): string {
    if (title === "") return "";
    if (!this.#titles) return this.#addressless(title);
    return numbered(this.#named, title, "title");
  }

  #person(address: string): string {
    return numbered(this.#people, address, "person");
  }
}

function numbered(known: Map<string, string>, key: string, word: string): string {
  let name = known.get(key);
  if (name === undefined) {
    name = `${word}-${known.size + 1}`;
    known.set(key, name);
  }
  return name;
}
