/** What holds for every case of every target: only the product's own errors, nothing that acts on a screen, no changed prototype. */
import { firstForbiddenCharacter } from "../../src/model/text.ts";
import type { Diagnostic } from "../../src/model/diagnostic.ts";
import type {
  ApiError,
  GuardError,
  PlanFileError,
  RunFileError,
  RunLockedError,
  UsageError,
} from "../../src/model/errors.ts";
import { diagnosticsText } from "../../src/report/diagnostics-text.ts";
import { errorText } from "../../src/report/error-text.ts";
import { errorJson } from "../../src/report/error-json.ts";
import { diagnosticsJson } from "../../src/report/json.ts";
import { plainStyle } from "../../src/report/style.ts";
import { isActing } from "../report/hostile.ts";
import { Broken, mustHold } from "./target.ts";
import type { Target } from "./target.ts";

/** A class of the product's own operating errors. */
export type OwnError =
  | typeof ApiError
  | typeof GuardError
  | typeof PlanFileError
  | typeof RunFileError
  | typeof RunLockedError
  | typeof UsageError;

/** Passes over an error of the product's own, of one of `allowed`, that shows well; throws on any other. */
function expected(error: unknown, ...allowed: readonly OwnError[]): void {
  if (!allowed.some((one) => error instanceof one)) throw error;
  inert(errorText(error, plainStyle), "an error on screen");
  inertJson(errorJson(error, 1));
}

/** Runs `work`; an error of the product's own, of one of `allowed`, gives undefined. */
export async function attempted<T>(
  work: () => Promise<T> | T,
  ...allowed: readonly OwnError[]
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    expected(error, ...allowed);
    return undefined;
  }
}

/** Lines for people hold nothing that acts on a screen, and are lines. */
export function inert(lines: readonly string[], what: string): void {
  for (const line of lines) {
    if (isActing(line) || line.includes("\n")) throw new Broken(`${what} acts: ${JSON.stringify(line)}`);
  }
}

/** A JSON document is one, and is safe to print. */
export function inertJson(text: string): void {
  if (isActing(text)) throw new Broken(`a JSON document acts: ${JSON.stringify(text.slice(0, 300))}`);
  JSON.parse(text);
}

/** Diagnostics have a place, a problem and a remedy, and show well. */
export function soundDiagnostics(diagnostics: readonly Diagnostic[], omitted: number): void {
  for (const { place, problem, remedy } of diagnostics) {
    mustHold(place.line >= 1 && place.column >= 0, `a diagnostic stands at ${place.line}:${place.column}`);
    mustHold(problem !== "" && remedy !== "", "a diagnostic says nothing");
    const forbidden = firstForbiddenCharacter(problem + remedy);
    mustHold(forbidden === undefined, `a diagnostic holds ${forbidden}: ${JSON.stringify(problem)}`);
  }
  if (diagnostics.length === 0) return;
  inert(diagnosticsText(diagnostics.slice(0, 50), omitted, plainStyle), "a diagnostic on screen");
  inertJson(diagnosticsJson(diagnostics, omitted));
}

const guarded: readonly object[] = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Map.prototype,
  Promise.prototype,
];

/** Every key and value of what all objects share. */
function shared(): readonly (readonly [PropertyKey, unknown])[] {
  return guarded.flatMap((prototype) =>
    Reflect.ownKeys(prototype).map((key) => [key, Reflect.getOwnPropertyDescriptor(prototype, key)?.value] as const),
  );
}

const atStart = shared();

/** What a case did to the prototypes of everything, and puts it right again. */
function pollution(): string | undefined {
  const now = shared();
  const isSame =
    now.length === atStart.length &&
    now.every(([key, value], at) => key === atStart[at]?.[0] && Object.is(value, atStart[at][1]));
  if (isSame) return undefined;
  const strangers = now.filter(([key]) => !atStart.some(([known]) => known === key)).map(([key]) => String(key));
  for (const prototype of guarded) for (const key of strangers) Reflect.deleteProperty(prototype, key);
  return `the prototypes of all objects were changed: ${strangers.join(", ")}`;
}

/** Why a case is a finding: `kind` is the same for the same fault, however the input was. */
export interface Fault {
  readonly kind: string;
  readonly message: string;
}

/** Runs one case; undefined when all holds. */
export async function faultOf(target: Target, input: Buffer): Promise<Fault | undefined> {
  let fault: Fault | undefined;
  try {
    await target.run(input);
  } catch (error) {
    fault = described(error);
  }
  const polluted = pollution();
  return polluted === undefined ? fault : { kind: "pollution", message: polluted };
}

function described(error: unknown): Fault {
  if (!(error instanceof Error)) return { kind: "thrown", message: String(error) };
  const frames = (error.stack ?? "").split("\n").filter((line) => line.includes("    at "));
  const own = frames.find((line) => /[/\\]src[/\\]/.test(line)) ?? frames[0] ?? "";
  const place = /([\w.-]+\.[jt]s):\d+/.exec(own)?.[0] ?? "";
  // A broken promise has no place in src: its words, without the figures and the text in question, tell which it is.
  if (/call stack/.test(error.message)) return { kind: `${error.name} stack`, message: error.stack ?? error.message };
  const words = error instanceof Broken ? error.message.replace(/["\d].*/s, "").slice(0, 60) : place;
  return { kind: `${error.name} ${words}`.trim(), message: error.stack ?? error.message };
}
