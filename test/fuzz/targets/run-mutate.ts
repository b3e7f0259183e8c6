/** Changes to run files that keep them SQLite files more or less: bits, header fields, pages, frames of the log, and rows. */
import Database from "better-sqlite3";
import type { Chance } from "../../simulation/chance.ts";
import { flipped, withTokens } from "../mutate.ts";
import { framed, unframed } from "./run-samples.ts";
import { resealed } from "./wal.ts";

const pageBytes = 4096;

type Parts = ReturnType<typeof unframed>;

export function mutatedRun(input: Buffer, chance: Chance): Buffer {
  let parts: Parts = unframed(input);
  for (let round = chance.pick([1, 1, 1, 2, 3]); round > 0; round -= 1) parts = changed(parts, chance);
  return framed(parts.main, parts.log);
}

function changed({ main, log }: Parts, chance: Chance): Parts {
  const inLog = log.length > 0 && chance.hits(0.4);
  switch (chance.whole(0, 6)) {
    case 0:
      return inLog
        ? { main, log: chance.hits(0.8) ? resealed(flipped(log, chance)) : flipped(log, chance) }
        : { main: flipped(main, chance), log };
    case 1:
      return { main: withField(main, chance), log };
    case 2:
      return inLog ? { main, log: resealed(withPages(log, chance)) } : { main: withPages(main, chance), log };
    case 3:
      return inLog ? { main, log: cut(log, chance) } : { main: cut(main, chance), log };
    case 4:
      return inLog ? { main, log: resealed(withText(log, chance)) } : { main: withText(main, chance), log };
    default:
      return log.length > 0 ? { main: withText(main, chance), log } : { main: withRow(main, chance), log };
  }
}

/** A number of the file's header, or of a page's, set to something odd. */
function withField(main: Buffer, chance: Chance): Buffer {
  const copy = Buffer.from(main);
  const page = chance.whole(0, Math.max(0, Math.ceil(copy.length / pageBytes) - 1)) * pageBytes;
  const start = page === 0 && chance.hits(0.6) ? 0 : page + (page === 0 ? 100 : 0);
  const at = start + chance.whole(0, start === 0 ? 99 : 40);
  for (const byte of chance.pick([[0], [0xff], [1], [0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [0x7f, 0xff]])) {
    if (at < copy.length) copy[at] = byte;
  }
  return copy;
}

/** One page in the place of another, blank, or twice. */
function withPages(bytes: Buffer, chance: Chance): Buffer {
  const copy = Buffer.from(bytes);
  const pages = Math.max(1, Math.floor(copy.length / pageBytes));
  const to = chance.whole(0, pages - 1) * pageBytes;
  const from = chance.whole(0, pages - 1) * pageBytes;
  if (chance.hits(0.3)) copy.fill(chance.pick([0, 0xff]), to, Math.min(copy.length, to + pageBytes));
  else bytes.copy(copy, to, from, Math.min(bytes.length, from + pageBytes));
  return copy;
}

function cut(bytes: Buffer, chance: Chance): Buffer {
  const at = chance.hits(0.5)
    ? chance.whole(0, bytes.length)
    : chance.whole(0, Math.ceil(bytes.length / pageBytes)) * pageBytes;
  return chance.hits(0.8) ? bytes.subarray(0, at) : Buffer.concat([bytes, bytes.subarray(0, at)]);
}

const letters = Buffer.from('0129-.eE"[]{},:nulltrue xX');

/** A letter within the text of some row, which changes no length: the rows of a table are still found. */
function withText(bytes: Buffer, chance: Chance): Buffer {
  const copy = Buffer.from(bytes);
  for (let tries = 0; tries < 200; tries += 1) {
    const at = chance.whole(0, Math.max(0, copy.length - 1));
    if ((copy[at] ?? 0) < 0x20 || (copy[at] ?? 0) > 0x7e) continue;
    copy[at] = letters[chance.whole(0, letters.length - 1)] ?? 0;
    return copy;
  }
  return copy;
}

const rowChanges: readonly (readonly [table: string, column: string])[] = [
  ["audit", "body"],
  ["audit", "hash"],
  ["intents", "body"],
  ["kept", "body"],
  ["verdicts", "verdict"],
  ["progress", "reason"],
  ["progress", "memo"],
  ["actors", "email"],
  ["steps", "body"],
  ["run", "header"],
  ["pages", "digest"],
  ["tail", "audit_head"],
];
const numberChanges: readonly (readonly [table: string, column: string])[] = [
  ["progress", "state"],
  ["progress", "gate"],
  ["progress", "actor"],
  ["progress", "audit"],
  ["progress", "attempts"],
  ["progress", "updated"],
  ["audit", "seq"],
  ["intents", "attempt"],
  ["intents", "void"],
  ["intents", "at"],
  ["verdicts", "at"],
  ["steps", "kind"],
  ["steps", "after"],
  ["tail", "epoch"],
  ["tail", "audit_rows"],
];
const numbers: readonly number[] = [0, 1, 2, 3, 7, 8, 9, 31, 64, -1, 2 ** 31, 2 ** 53, -(2 ** 53)];

/** A row changed with SQL, as somebody would who has the sqlite3 command. */
function withRow(main: Buffer, chance: Chance): Buffer {
  try {
    const db = new Database(main);
    try {
      db.pragma("foreign_keys = off");
      if (chance.hits(0.2)) db.exec(`delete from ${chance.pick(rowChanges)[0]}`);
      else if (chance.hits(0.5)) changeText(db, chance);
      else changeNumber(db, chance);
      return db.serialize();
    } finally {
      db.close();
    }
  } catch (error) {
    if (error instanceof Database.SqliteError) return main;
    throw error;
  }
}

function changeText(db: Database.Database, chance: Chance): void {
  const [table, column] = chance.pick(rowChanges);
  const texts = db.prepare<[], string>(`select ${column} from ${table} where ${column} is not null`).pluck().all();
  if (texts.length === 0) return;
  const text = chance.pick(texts);
  const words = ["null", "[]", "{}", "0", '""', "1e999", "-1", '"ended"', '"skipped"', '"applied"', '"1-9"'];
  const next = chance.hits(0.15) ? chance.pick(words) : withTokens(Buffer.from(text), words, chance).toString("utf8");
  db.prepare(`update ${table} set ${column} = ? where ${column} = ?`).run(next, text);
}

function changeNumber(db: Database.Database, chance: Chance): void {
  const [table, column] = chance.pick(numberChanges);
  const max = 1 + chance.whole(0, 6);
  db.prepare(`update or ignore ${table} set ${column} = ? where rowid <= ?`).run(BigInt(chance.pick(numbers)), max);
}
