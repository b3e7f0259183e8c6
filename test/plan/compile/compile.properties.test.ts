/** What holds for the compiler whatever the tenant and the rows: nothing unasked, nothing unanswered, and once is enough. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeText } from "../../../src/model/diagnostic.ts";
import type { Place } from "../../../src/model/diagnostic.ts";
import type { Request } from "../../../src/model/request.ts";
import { titleMatcher } from "../../../src/plan/glob.ts";
import { anyScene, calmScene, worldOf } from "./arbitrary.ts";
import type { Scene } from "./arbitrary.ts";
import { isAbout, unmetBy } from "./asked.ts";
import { carryOut, pairsOf, sceneOf, serverOf } from "./server.ts";
import { walk } from "./walk.ts";
import type { Walk } from "./walk.ts";
import { row } from "./world.ts";

const runs = { numRuns: 400 };

/** The rows, each with a place of its own every time. */
function requestsOf(scene: Scene): readonly Request[] {
  return scene.rows.map((each) => row(each));
}

/** The plan of a scene; scenes whose rows contradict each other are passed over. */
function planned(
  scene: Scene,
  requests = requestsOf(scene),
): { readonly plan: Walk; readonly requests: readonly Request[] } {
  const plan = walk(worldOf(scene), requests);
  fc.pre(plan !== undefined);
  return { plan, requests };
}

function sources(plan: Walk): readonly (readonly Place[])[] {
  return [
    ...plan.transfers.map((each) => each.requests.map((request) => request.place)),
    ...plan.seen.flatMap(({ verdict }) =>
      [verdict?.edit?.sources, verdict?.byHand?.sources].filter((s) => s !== undefined),
    ),
  ];
}

/** Steps in a form in which order does not count: of the rows, the sources, and the transfers. */
function essence(plan: Walk, withSources: boolean): unknown {
  const placed = (places: readonly Place[]): readonly string[] => (withSources ? places.map(placeText).toSorted() : []);
  const moved = new Map(plan.transfers.map((each, index) => [index + 1, each.from.email]));
  return {
    transfers: plan.transfers
      .map((each) => ({ ...each, requests: placed(each.requests.map((request) => request.place)) }))
      .toSorted((a, b) => (a.from.email < b.from.email ? -1 : 1)),
    steps: plan.seen.map(({ verdict }) => ({
      edit:
        verdict?.edit === undefined
          ? undefined
          : { ...verdict.edit, sources: placed(verdict.edit.sources), after: moved.get(verdict.edit.after ?? 0) },
      byHand:
        verdict?.byHand === undefined ? undefined : { ...verdict.byHand, sources: placed(verdict.byHand.sources) },
    })),
    exposure: [plan.exposureBefore, plan.exposureAfter],
    hazards: plan.hazards.map(({ name, count }) => `${name} ${count}`).toSorted(),
  };
}

describe("a plan of any rows over any tenant", () => {
  it("holds no step that no row asked for", () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const { plan, requests } = planned(scene);
        const byPlace = new Map(requests.map((request) => [placeText(request.place), request]));
        for (const places of sources(plan)) {
          expect(places.length).toBeGreaterThan(0);
          for (const place of places) expect(byPlace.has(placeText(place))).toBe(true);
        }
        for (const { record, verdict } of plan.seen) {
          for (const place of [...(verdict?.edit?.sources ?? []), ...(verdict?.byHand?.sources ?? [])]) {
            const select = byPlace.get(placeText(place))?.select;
            const { name, title, assetType } = record.asset;
            if (select?.asset !== undefined) expect(select.asset).toBe(name);
            else {
              expect(select?.types).toContain(assetType);
              expect(titleMatcher(select?.title ?? "*")(title)).toBe(true);
            }
          }
        }
      }),
      runs,
    );
  });

  it("answers every row: with a step, a refusal, or that nothing is to be done", () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const { plan, requests } = planned(scene);
        const answered = new Set([
          ...sources(plan).flat().map(placeText),
          ...plan.refusals.flatMap((each) => each.places).map(placeText),
          ...plan.noActions.map((each) => placeText(each.place)),
        ]);
        const present = new Set(scene.assets.map((spec) => spec.name));
        for (const { place, select } of requests) {
          if (answered.has(placeText(place))) continue;
          // Left are rows that name an asset: it is not there, or all they ask for is so already.
          expect(select.asset).toBeDefined();
          if (!present.has(select.asset ?? "")) continue;
          const seen = plan.seen.find(({ record }) => record.asset.name === select.asset);
          expect(seen?.verdict).toBeDefined();
          // A line by hand may stand there all the same: for another row, which gives the asset away.
          expect(seen?.verdict?.edit).toBeUndefined();
        }
      }),
      runs,
    );
  });

  it("touches no owner and no protected asset, and lets nobody take the ground from under its own feet", () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const { plan } = planned(scene);
        const shielded = scene.assets.filter((spec) => spec.title === scene.protectTitle);
        for (const { from } of plan.transfers) {
          expect(shielded.map((spec) => `${spec.owner}@acme.example`)).not.toContain(from.email);
        }
        for (const { record, verdict } of plan.seen) {
          const isShielded = record.asset.title === scene.protectTitle;
          if (isShielded) expect([verdict?.edit, verdict?.byHand]).toEqual([undefined, undefined]);
          const edit = verdict?.edit;
          if (edit === undefined) continue;
          expect([...edit.delta.add, ...edit.delta.remove].map((pair) => pair.role)).not.toContain("OWNER");
          for (const actor of [edit.actor, ...edit.alternates]) {
            const loses = edit.delta.remove.some((pair) => pair.role === "EDITOR" && pair.member === `user:${actor}`);
            expect(loses && actor !== edit.owner).toBe(false);
          }
        }
      }),
      runs,
    );
  });

  it("names in a change what is new, each pair once, and never both ways", () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const { plan } = planned(scene);
        for (const { record, verdict, carrier } of plan.seen) {
          const edit = verdict?.edit;
          if (edit === undefined) continue;
          const texts = [...edit.delta.add, ...edit.delta.remove].map((pair) => `${pair.role} ${pair.member}`);
          expect(new Set(texts).size).toBe(texts.length);
          if (carrier !== undefined || record.permissions === undefined) continue;
          const held = pairsOf(record.permissions.roles);
          for (const pair of edit.delta.add) expect(held.has(`${pair.role} ${pair.member}`)).toBe(false);
          for (const pair of edit.delta.remove) expect(held.has(`${pair.role} ${pair.member}`)).toBe(true);
          expect(texts.length > 0 || edit.attemptOwner !== undefined).toBe(true);
        }
      }),
      runs,
    );
  });

  it("is the same whatever the order of the rows", () => {
    fc.assert(
      fc.property(anyScene, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (scene, dice) => {
        const { plan, requests } = planned(scene);
        const order = requests.map((request) => ({ request, at: dice.next().value as number }));
        const shuffled = order.toSorted((a, b) => a.at - b.at).map(({ request }) => request);
        const other = walk(worldOf(scene), shuffled);
        expect(other).toBeDefined();
        if (other === undefined) return;
        expect(essence(other, true)).toEqual(essence(plan, true));
        expect(other.totals).toEqual(plan.totals);
        const told = (each: Walk): readonly string[] =>
          each.refusals.map(({ rule, places }) => `${rule} ${places.map(placeText).toSorted().join(",")}`).toSorted();
        expect(told(other)).toEqual(told(plan));
      }),
      runs,
    );
  });

  it("contradicts itself in any order of the rows, or in none", () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const requests = requestsOf(scene);
        const [forwards, backwards] = [requests, requests.toReversed()].map((rows) => walk(worldOf(scene), rows));
        expect(forwards === undefined).toBe(backwards === undefined);
      }),
      runs,
    );
  });

  it("is the same when rows are said twice, but for the rows it names", () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const once = planned(scene).plan;
        const twice = planned(scene, [...requestsOf(scene), ...requestsOf(scene)]).plan;
        expect(essence(twice, false)).toEqual(essence(once, false));
        const { rows: _rows, refused: _refused, ...sums } = once.totals;
        expect(twice.totals).toMatchObject(sums);
      }),
      runs,
    );
  });

  it("sums up what its steps are, counted again", () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const { plan } = planned(scene);
        const edits = plan.seen.flatMap(({ verdict }) => (verdict?.edit === undefined ? [] : [verdict.edit]));
        const byHand = plan.seen.filter(({ verdict }) => verdict?.byHand !== undefined).length;
        const pairs = edits.reduce((sum, { delta }) => sum + delta.add.length + delta.remove.length, 0);
        const moved = scene.assets.filter(
          (spec) => !spec.trashed && plan.transfers.some(({ from }) => from.email === `${spec.owner}@acme.example`),
        ).length;
        const attempts = edits.filter((edit) => edit.attemptOwner !== undefined).length;
        expect(plan.totals).toMatchObject({
          steps: plan.transfers.length + edits.length + byHand,
          transfers: plan.transfers.length,
          assetsTransferred: moved,
          assetsEdited: edits.length,
          edits: pairs,
          byHand,
          refused: plan.refusals.length,
          changes: pairs + moved + attempts,
        });
      }),
      runs,
    );
  });

  it("says who can get in before and after, counted again", () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const { plan } = planned(scene);
        const server = serverOf(scene);
        const readable = [...server.values()].filter(({ spec }) => spec.readable);
        expect(plan.exposureBefore).toEqual(exposure(readable.map(({ pairs }) => pairs)));
        // A transfer changes nothing of what outsiders can do, so that edits alone count.
        carryOut(server, { ...plan, transfers: [] }, { leavesEditor: false, movesTrash: false });
        expect(plan.exposureAfter).toEqual(exposure(readable.map(({ pairs }) => pairs)));
      }),
      runs,
    );
  });
});

function exposure(assets: readonly ReadonlySet<string>[]): object {
  const outside = / (?:\w+:[^@]*@partner\.example|domain:partner\.example|martian:.*)$/;
  const count = (test: (pair: string) => boolean): number => assets.filter((pairs) => [...pairs].some(test)).length;
  return {
    publicLinks: count((pair) => /^LINK_\w+ allUsers$/.test(pair)),
    wholeDomainLinks: count((pair) => /^LINK_\w+ domain:/.test(pair)),
    externalEditors: count((pair) => pair.startsWith("EDITOR ") && outside.test(pair)),
    externalViewers: count((pair) => pair.startsWith("VIEWER ") && outside.test(pair)),
  };
}

describe("a plan of rows that do not feed each other", () => {
  const habits = fc.record({ leavesEditor: fc.boolean(), movesTrash: fc.boolean() });

  it("leaves nothing to do once it is carried out", () => {
    fc.assert(
      fc.property(calmScene, habits, (scene, habit) => {
        const { plan, requests } = planned(scene);
        const server = serverOf(scene);
        carryOut(server, plan, habit);
        const after = sceneOf(scene, server);
        const again = walk(worldOf(after), requests);
        expect(again).toBeDefined();
        // Assets that Google leaves in the trash are handed over again: nothing tells its habit beforehand.
        const stuck = new Set(
          plan.transfers.filter(({ trashed }) => trashed > 0 && !habit.movesTrash).map(({ from }) => from.email),
        );
        const left = again?.seen.filter(({ record, verdict }) => {
          return verdict?.edit !== undefined && !(record.asset.owner !== undefined && stuck.has(record.asset.owner));
        });
        expect(left).toEqual([]);
        for (const { from } of again?.transfers ?? []) expect(stuck).toContain(from.email);
      }),
      { numRuns: 600 },
    );
  });

  it("leaves every asset as each row asks, unless it was refused", () => {
    fc.assert(
      fc.property(calmScene, habits, (scene, habit) => {
        const { plan, requests } = planned(scene);
        const server = serverOf(scene);
        const before = serverOf(scene);
        carryOut(server, plan, habit);
        const refused = new Set(plan.refusals.flatMap((each) => each.places).map(placeText));
        for (const request of requests) {
          if (refused.has(placeText(request.place))) continue;
          for (const held of server.values()) {
            if (held.spec.title === scene.protectTitle || !isAbout(request, held.spec)) continue;
            const unmet = unmetBy(request, held, before.get(held.spec.name)?.pairs ?? new Set());
            expect(unmet, JSON.stringify({ request, spec: held.spec, pairs: [...held.pairs] })).toEqual([]);
          }
        }
      }),
      runs,
    );
  });

  it("leaves one owner on every asset, who is the heir or the one there was", () => {
    fc.assert(
      fc.property(calmScene, habits, (scene, habit) => {
        const { plan } = planned(scene);
        const server = serverOf(scene);
        carryOut(server, plan, habit);
        for (const { spec, owner, pairs } of server.values()) {
          const heir = plan.transfers.find(({ from }) => from.email === `${spec.owner}@acme.example`)?.to.email;
          expect([heir, `${spec.owner}@acme.example`]).toContain(owner);
          expect([...pairs].filter((pair) => pair.startsWith("OWNER "))).toEqual([]);
        }
      }),
      runs,
    );
  });
});
