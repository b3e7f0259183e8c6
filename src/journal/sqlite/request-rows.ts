/**
 * Requests that name an asset, as rows: what they have in common is kept once, because the rows of a large file differ
 * in their line, their asset and their note, and the same few people and roles stand in all of them.
 */
import { jsonText, textOfJson } from "../../model/json-text.ts";
import type { AssetName } from "../../model/asset.ts";
import type { Request } from "../../model/request.ts";

/** Forms kept; a request of any other is written whole. */
const formsMax = 10_000;

/** The columns `line, form, note, body`: the first three, or the last. Notes are JSON, as titles are. */
export type RequestCells = readonly [
  line: number | null,
  form: number | null,
  note: string | null,
  body: string | null,
];

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A row of some 60 bytes instead of 280; writing and reading it takes less than 1 us instead of 4. */
export class RequestRows {
  readonly #numbers = new Map<string, number>();
  readonly #forms: Request[] = [];
  readonly #onForm: (request: Request) => void;
  #last = 0;

  /** `onForm` is told of the first request of each form, and of each that is written whole. */
  constructor(onForm: (request: Request) => void) {
    this.#onForm = onForm;
  }

  cellsOf(request: Request): RequestCells {
    const form = this.#formOf(request);
    if (form === undefined) return [null, null, null, JSON.stringify(request)];
    return [request.place.line, form, request.note === undefined ? null : jsonText(request.note), null];
  }

  requestOf(asset: AssetName, [line, form, note, body]: RequestCells): Request {
    if (body !== null) return JSON.parse(body) as Request;
    const kept = this.#forms[form ?? -1];
    if (kept === undefined || line === null) throw new SyntaxError("a request is not as it was written");
    const { file, column } = kept.place;
    const { owner, title, types, audience } = kept.select;
    // A copy whose fields are then set: naming them behind the spread takes several times as long.
    const request: Writable<Request> = { ...kept };
    request.place = { file, line, column };
    request.select = { asset, owner, title, types, audience };
    if (note !== null) request.note = textOfJson(note);
    return request;
  }

  /** Undefined for one more form than are kept. */
  #formOf(request: Request): number | undefined {
    const last = this.#forms[this.#last];
    // Two of the same action have the same fields.
    if (last?.action === request.action && isAlike(last, request)) return this.#last;
    const text = formText(request);
    let form = this.#numbers.get(text);
    if (form === undefined) {
      this.#onForm(request);
      if (this.#forms.length >= formsMax) return undefined;
      form = this.#forms.push({ ...request, note: undefined }) - 1;
      this.#numbers.set(text, form);
    }
    this.#last = form;
    return form;
  }
}

/** Whether they differ at most in line, asset and note, as far as a glance tells; most rows are like the one before. */
function isAlike(one: Request, other: Request): boolean {
  const [a, b] = [one.select, other.select];
  if (one.place.file !== other.place.file || one.place.column !== other.place.column) return false;
  if (a.owner !== b.owner || a.title !== b.title || a.types !== b.types || a.audience !== b.audience) return false;
  for (const name in one) {
    if (name === "place" || name === "select" || name === "note") continue;
    if (one[name as keyof Request] !== other[name as keyof Request]) return false;
  }
  return true;
}

/** The same for two requests only if they differ in nothing but line, asset and note. */
function formText(request: Request): string {
  const { file, column } = request.place;
  const place = { file, line: 0, column };
  return JSON.stringify({ ...request, place, select: { ...request.select, asset: "" }, note: "" });
}
