/** A journal on a bad day: slow, full, or taken over by another worker, as far as its contract allows. */
import type { Claim, Journal, Written } from "../../src/journal/journal.ts";
import { RunFileError } from "../../src/model/errors.ts";
import type { Chance } from "./chance.ts";
import type { VirtualTime } from "./time.ts";

/** Chances in [0, 1]; of each write. */
export interface StoreWeather {
  /** It takes a while before it is durable, or after that until it is answered. */
  slow: number;
  slowMaxMs: number;
  /** Somebody else holds the step: nothing is written. */
  lost: number;
  /** No room is left. */
  isFull: boolean;
  /** Whether that may come while a journal is open. */
  mayFill: boolean;
}

export const fairStore: StoreWeather = { slow: 0, slowMaxMs: 0, lost: 0, isFull: false, mayFill: false };

export interface StoreDay {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly weather: StoreWeather;
  readonly saw: (what: string) => void;
  /** Told once of a journal that takes no more writes: its process may end for another reason, and what it had learned is lost. */
  readonly onBroken: () => void;
}

/** `inner` as the weather lets it be seen. What failed once for want of room fails until the journal is opened again. */
export function onABadDay(inner: Journal, day: StoreDay): Journal {
  const { time, chance, weather, saw, onBroken } = day;
  let isBroken = false;

  function checkRoom(): void {
    if (weather.isFull && !isBroken) {
      isBroken = true;
      saw("store full");
      onBroken();
    }
    if (isBroken) throw new RunFileError("full", "no space is left", "free some space");
  }

  async function written<T>(write: () => Promise<T>): Promise<T> {
    if (!chance.hits(weather.slow)) return write();
    saw("store slow");
    const ms = chance.between(0, weather.slowMaxMs);
    if (chance.hits(0.5)) {
      await time.sleep(ms);
      return write();
    }
    const answer = await write();
    await time.sleep(ms);
    return answer;
  }

  /** A write for a step, which another worker may hold by now and give up again at once. */
  async function ofStep(claim: Claim, write: () => Promise<Written>): Promise<Written> {
    checkRoom();
    if (chance.hits(weather.lost)) {
      saw("store lost");
      await inner.release(claim);
      return "lost";
    }
    return written(write);
  }

  const changed: Partial<Journal> = {
    claim: async (query) => {
      checkRoom();
      return inner.claim(query);
    },
    intent: (claim, intent) => ofStep(claim, () => inner.intent(claim, intent)),
    remember: (claim, memo) => ofStep(claim, () => inner.remember(claim, memo)),
    result: (claim, result) => ofStep(claim, () => inner.result(claim, result)),
    note: async (kind, details) => {
      checkRoom();
      return written(() => inner.note(kind, details));
    },
    flush: async () => {
      checkRoom();
      return written(() => inner.flush());
    },
    noEffect: (claim, attempt, conflict) => {
      if (!isBroken) inner.noEffect(claim, attempt, conflict);
    },
    keep: (name, text) => {
      if (!isBroken) inner.keep(name, text);
    },
  };
  return new Proxy(inner, {
    get: (target, name) => {
      const mine: unknown = Reflect.get(changed, name);
      if (mine !== undefined) return mine;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
