/** Users who cannot be acted as: who is left, and when the credentials themselves must be lost. */
import { describe, expect, it } from "vitest";
import { Actors } from "../../src/engine/actors.ts";
import { ApiError } from "../../src/model/errors.ts";
import type { EngineEvent } from "../../src/model/event.ts";
import { email } from "../plan/compile/world.ts";

const suspended = new ApiError("the account is suspended", { disposition: "halt-actor", failure: "account-forbidden" });

function actorsAndEvents(): { readonly actors: Actors; readonly events: EngineEvent[] } {
  const events: EngineEvent[] = [];
  return { actors: new Actors((event) => events.push(event)), events };
}

function haltMany(actors: Actors, count: number, from = 0): void {
  for (let n = from; n < from + count; n += 1) actors.halt(email(`u${n}`), suspended);
}

describe("a user who cannot be acted as", () => {
  it("is left out of those to try; the order of the others stays", () => {
    const { actors } = actorsAndEvents();
    actors.halt(email("ben"), suspended);
    expect(actors.usable([email("cem"), email("ben"), email("ana")])).toEqual([email("cem"), email("ana")]);
  });

  it("is known with the reason, and said once", () => {
    const { actors, events } = actorsAndEvents();
    expect(actors.why(email("ben"))).toBeUndefined();
    actors.halt(email("ben"), suspended);
    actors.halt(email("ben"), new ApiError("later news", { disposition: "halt-actor", failure: "unauthenticated" }));
    const known = { actor: email("ben"), failure: "account-forbidden", reason: "the account is suspended" };
    expect(actors.why(email("ben"))).toEqual(known);
    expect(events).toEqual([{ type: "actor-halted", ...known }]);
  });
});

describe("the credentials", () => {
  it("seem lost with the fifth user in a row", () => {
    const { actors } = actorsAndEvents();
    haltMany(actors, 4);
    expect(actors.allSeemLost).toBeUndefined();
    haltMany(actors, 1, 4);
    expect(actors.allSeemLost).toBe(5);
  });

  it("do not seem lost by one user, however often", () => {
    const { actors } = actorsAndEvents();
    for (let n = 0; n < 9; n += 1) haltMany(actors, 1);
    expect(actors.allSeemLost).toBeUndefined();
  });

  it("work when a step was carried out in between: the count begins anew", () => {
    const { actors } = actorsAndEvents();
    haltMany(actors, 4);
    actors.worked();
    haltMany(actors, 4, 4);
    expect(actors.allSeemLost).toBeUndefined();
    haltMany(actors, 1, 8);
    expect(actors.allSeemLost).toBe(5);
  });
});
