/** What a step may say it has done: by evidence only, request by request. */
import { describe, expect, it } from "vitest";
import { Effect } from "../../src/engine/effect.ts";
import { etag } from "../../src/model/brand.ts";
import { member } from "../../src/model/member.ts";
import { nothing } from "../../src/model/permissions.ts";
import type { Delta, Pair, Permissions } from "../../src/model/permissions.ts";
import type { Intent } from "../../src/model/step.ts";
import { email } from "../plan/compile/world.ts";

const heir = email("heir");

function pair(role: string, name: string): Pair {
  return { role, member: member(`user:${email(name)}`) };
}

const anaEdits: Delta = { add: [pair("EDITOR", "ana")], remove: [] };
const benViews: Delta = { add: [pair("VIEWER", "ben")], remove: [] };
const both: Delta = { add: [...anaEdits.add, ...benViews.add], remove: [] };

/** Permissions with `owner` and the pairs of `delta` in them. */
function showing(tag: string, owner: string, delta: Delta = nothing): Permissions {
  const roles = new Map([["OWNER", [pair("OWNER", owner).member]]]);
  for (const held of delta.add) roles.set(held.role, [...(roles.get(held.role) ?? []), held.member]);
  return { roles, etag: etag(tag) };
}

function sent(tag: string, delta: Delta, more: Partial<Intent> = {}): Intent {
  return {
    attempt: 1,
    actor: email("leaver"),
    etag: etag(tag),
    delta,
    newOwner: undefined,
    before: undefined,
    at: 0,
    ...more,
  };
}

describe("an effect at the start", () => {
  it("is none, and not in doubt", () => {
    const effect = new Effect([]);
    expect([effect.isNone, effect.isDoubtful, effect.isSettled]).toEqual([true, false, false]);
    expect([effect.changed, effect.newOwner]).toEqual([nothing, undefined]);
  });

  it("is in doubt over what an earlier process may have sent", () => {
    const effect = new Effect([sent("e1", anaEdits)]);
    expect([effect.isNone, effect.isDoubtful]).toEqual([true, true]);
  });
});

describe("a request", () => {
  it("that leaves is in doubt, and ends the settling of those before it", () => {
    const effect = new Effect([]);
    effect.settle();
    effect.intended(sent("e1", anaEdits));
    expect([effect.isDoubtful, effect.isSettled]).toEqual([true, false]);
  });

  it("that was harmless is in doubt no more; the others stay so", () => {
    const [first, second] = [sent("e1", anaEdits), sent("e1", benViews, { attempt: 2 })];
    const effect = new Effect([first]);
    effect.intended(second);
    effect.harmless(second);
    expect(effect.isDoubtful).toBe(true);
    effect.harmless(first);
    expect([effect.isDoubtful, effect.isNone]).toEqual([false, true]);
  });
});

describe("an answer", () => {
  it("counts as far as it shows the change, and settles what was sent before", () => {
    const effect = new Effect([sent("e0", benViews)]);
    effect.intended(sent("e1", both));
    const missing = effect.answered(showing("e2", "leaver", anaEdits), both, undefined);
    expect(missing).toEqual({ delta: benViews, owner: false });
    expect(effect.changed).toEqual(anaEdits);
    expect([effect.isDoubtful, effect.isNone, effect.newOwner]).toEqual([false, false, undefined]);
  });

  it.each([
    ["shows the new owner", "heir", heir, false, heir],
    ["shows the old owner", "leaver", heir, true, undefined],
    ["shows a new owner nobody asked for", "heir", undefined, false, undefined],
  ] as const)("that %s is believed in that too", (_, owner, asked, missing, found) => {
    const effect = new Effect([]);
    expect(effect.answered(showing("e2", owner), nothing, asked)).toEqual({ delta: nothing, owner: missing });
    expect([effect.newOwner, effect.isNone]).toEqual([found, found === undefined]);
  });

  it("that does not show the owner again takes nothing back of an owner who was seen", () => {
    const effect = new Effect([]);
    effect.answered(showing("e2", "heir"), nothing, heir);
    effect.answered(showing("e3", "heir", anaEdits), anaEdits, undefined);
    expect([effect.newOwner, effect.changed]).toEqual([heir, anaEdits]);
  });
});

describe("a look at the asset", () => {
  it("with the etag the request carried proves nothing: it may still land, whatever the asset shows", () => {
    const effect = new Effect([sent("e1", anaEdits, { newOwner: heir })]);
    effect.seen(showing("e1", "heir", anaEdits));
    expect([effect.isDoubtful, effect.isNone]).toEqual([true, true]);
  });

  it("with another etag shows what landed, and ends the doubt", () => {
    const effect = new Effect([sent("e1", both)]);
    effect.seen(showing("e2", "leaver", anaEdits));
    expect([effect.changed, effect.newOwner, effect.isDoubtful]).toEqual([anaEdits, undefined, false]);
  });

  it.each([
    ["the owner that was asked for", "heir", heir, heir],
    ["another owner", "leaver", heir, undefined],
    ["an owner nobody asked for", "heir", undefined, undefined],
  ] as const)("that shows %s says so", (_, owner, asked, found) => {
    const effect = new Effect([sent("e1", nothing, { newOwner: asked })]);
    effect.seen(showing("e2", owner));
    expect(effect.newOwner).toBe(found);
  });

  it("judges each request by its own etag", () => {
    const effect = new Effect([sent("e1", anaEdits), sent("e2", benViews, { attempt: 2 })]);
    effect.seen(showing("e2", "leaver", both));
    expect([effect.changed, effect.isDoubtful]).toEqual([anaEdits, true]);
    effect.seen(showing("e3", "leaver", both));
    expect([effect.changed, effect.isDoubtful]).toEqual([both, false]);
  });

  it("after the time to arrive counts a request that has not landed as lost on the way", () => {
    const effect = new Effect([sent("e1", anaEdits)]);
    effect.settle();
    expect(effect.isSettled).toBe(true);
    effect.seen(showing("e1", "leaver"));
    expect([effect.isDoubtful, effect.isNone]).toEqual([false, true]);
  });
});

describe("what nobody can look at any more", () => {
  it("counts as having happened, each change once and the first owner asked for", () => {
    const effect = new Effect([
      sent("e1", anaEdits, { newOwner: heir }),
      sent("e2", both, { attempt: 2, newOwner: email("other") }),
    ]);
    effect.assumed();
    expect([effect.changed, effect.newOwner, effect.isDoubtful]).toEqual([both, heir, false]);
  });

  it("leaves an owner who was seen as he is", () => {
    const effect = new Effect([]);
    effect.answered(showing("e2", "heir"), nothing, heir);
    effect.intended(sent("e2", nothing, { newOwner: email("other") }));
    effect.assumed();
    expect(effect.newOwner).toBe(heir);
  });
});
