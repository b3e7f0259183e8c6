/** What is sent to the pages that follow an apply: numbered messages, the last of them kept, nobody ever waited for. */
import type { ServerResponse } from "node:http";

/** Messages kept for pages that come back, and how much text they may be. */
const keptMax = 300;
const keptCharactersMax = 4 * 1024 * 1024;
/** Bytes that may wait for one reader. More means that it does not read. */
const waitingMax = 1024 * 1024;
export const readersMax = 50;
/** How long the last message may take to leave. */
const farewellMs = 250;

interface Kept {
  readonly number: number;
  readonly text: string;
}

export class Feed {
  /** Tells the messages of this start from those of another. */
  readonly #start: string;
  readonly #whole: () => object;
  readonly #readers = new Set<ServerResponse>();
  #kept: Kept[] = [];
  #keptCharacters = 0;
  #number = 0;

  /** `whole` makes the first message of a page that has nothing yet; everything published before is in it. */
  constructor(start: string, whole: () => object) {
    this.#start = start;
    this.#whole = whole;
  }

  get readers(): number {
    return this.#readers.size;
  }

  publish(event: string, message: object): void {
    this.#number += 1;
    const text = this.#text(event, message);
    this.#keep({ number: this.#number, text });
    for (const reader of this.#readers) this.#send(reader, text);
  }

  /** Begins to send: what was missed since `lastId` where that is still known, else everything. */
  join(reader: ServerResponse, lastId: string | undefined): void {
    this.#readers.add(reader);
    reader.on("close", () => this.#readers.delete(reader));
    reader.on("error", () => this.#readers.delete(reader));
    this.#send(reader, "retry: 1000\n\n");
    const missed = this.#since(lastId);
    if (missed === undefined) this.#send(reader, this.#text("start", this.#whole()));
    else for (const { text } of missed) this.#send(reader, text);
  }

  /** Says the last word and closes; a reader that does not take it in time is left. */
  async end(event: string, message: object): Promise<void> {
    this.publish(event, message);
    const leaving = [...this.#readers].map(
      (reader) =>
        new Promise<void>((resolve) => {
          reader.on("close", () => resolve());
          reader.end(() => resolve());
        }),
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, farewellMs);
    });
    await Promise.race([Promise.all(leaving), late]);
    clearTimeout(timer);
    for (const reader of this.#readers) reader.destroy();
  }

  #send(reader: ServerResponse, text: string): void {
    if (reader.destroyed || reader.writableEnded) return;
    reader.write(text);
    if (reader.writableLength <= waitingMax) return;
    this.#readers.delete(reader);
    reader.destroy();
  }

  #text(event: string, message: object): string {
    return `id: ${this.#start}-${this.#number}\nevent: ${event}\ndata: ${JSON.stringify(message)}\n\n`;
  }

  #keep(message: Kept): void {
    this.#kept.push(message);
    this.#keptCharacters += message.text.length;
    while (this.#kept.length > keptMax || this.#keptCharacters > keptCharactersMax) {
      this.#keptCharacters -= this.#kept.shift()?.text.length ?? 0;
    }
  }

  /** Undefined where something after `lastId` is not known any more, or it is of another start. */
  #since(lastId: string | undefined): readonly Kept[] | undefined {
    const [start, digits] = lastId?.split("-") ?? [];
    if (start !== this.#start || digits === undefined || !/^\d{1,15}$/.test(digits)) return undefined;
    const last = Number(digits);
    const oldest = this.#number - this.#kept.length;
    return last < oldest || last > this.#number ? undefined : this.#kept.filter(({ number }) => number > last);
  }
}
