/** The plans that are swept: each action, each way of handing over, and each way of not getting what was asked for, as small as can be. */
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import type { World } from "../../src/emulator/world.ts";
import { allUsers, member } from "../../src/model/member.ts";
import { EDITOR, LINK_VIEWER, VIEWER } from "../../src/model/permissions.ts";
import type { Request } from "../../src/model/request.ts";
import { everything, email, named, row, transfer, written } from "../plan/compile/world.ts";
import { smallTenant } from "../support/rig.ts";
import type { Ground } from "./ground.ts";

export interface Plan {
  readonly name: string;
  readonly world: () => World;
  readonly requests: () => readonly Request[];
  /** How its steps end, in order, when nothing is in the way. */
  readonly ends: readonly string[];
  /** How the steps of its undo end. */
  readonly undone: readonly string[];
  readonly switches?: Readonly<Record<string, string>>;
  readonly faults?: readonly FaultRule[];
  /** What people do between planning and applying. */
  readonly meanwhile?: (ground: Ground) => void;
  /** A process that died with an intent cannot tell its own change from a person's: the result may claim either. */
  readonly mayDoubt?: boolean;
  /** Small enough for every pair of boundaries. */
  readonly pairs?: "always" | "in full";
}

const other = "user:other@acme.example";
const ana = "user:ana@acme.example";

/** One report, which `other` may see and anyone with the link. */
function oneReport(): World {
  const world = smallTenant();
  world.addAsset({ name: "x1", owner: "heir", roles: { VIEWER: [other], LINK_VIEWER: ["allUsers"] } });
  return world;
}

function twoOfLeaver(): World {
  const world = smallTenant();
  world.addAsset({ name: "r1", owner: "leaver", roles: { VIEWER: [other] } });
  world.addAsset({ name: "r2", owner: "leaver", type: "DATA_SOURCE" });
  return world;
}

function grant(asset: string, to = "ana@acme.example", role = EDITOR): Request {
  return row({ action: "grant", select: named(asset), member: written(to), role });
}

const singles: readonly (readonly [string, () => readonly Request[]])[] = [
  ["a grant", () => [grant("x1")]],
  [
    "a revoke of one role",
    () => [row({ action: "revoke", select: named("x1"), member: written("other@acme.example"), role: VIEWER })],
  ],
  [
    "a revoke of every role",
    () => [row({ action: "revoke", select: named("x1"), member: written("other@acme.example"), role: undefined })],
  ],
  [
    "a change of role",
    () => [row({ action: "set-role", select: named("x1"), member: written("other@acme.example"), role: EDITOR })],
  ],
  [
    "a member in another's place",
    () => [
      row({
        action: "replace-member",
        select: named("x1"),
        from: written("other@acme.example"),
        to: written("ana@acme.example"),
        roles: [EDITOR, VIEWER],
      }),
    ],
  ],
  [
    "link sharing for the domain",
    () => [row({ action: "set-link", select: named("x1"), role: LINK_VIEWER, member: member("domain:acme.example") })],
  ],
  ["link sharing closed", () => [row({ action: "close-link", select: named("x1") })]],
  [
    "merged rows",
    () => [
      grant("x1"),
      grant("x1"),
      grant("x1", "leaver@acme.example", VIEWER),
      row({ action: "revoke", select: named("x1"), member: written("other@acme.example"), role: undefined }),
      row({ action: "close-link", select: named("x1") }),
    ],
  ],
  ["somebody from outside", () => [grant("x1", "eve@elsewhere.example", VIEWER)]],
  ["a group let in", () => [grant("x1", "group:crew@acme.example", VIEWER)]],
];

export const plans: readonly Plan[] = [
  ...singles.map(([name, requests], index): Plan => {
    const pairs = index === 0 ? "always" : "in full";
    return { name, world: withGroup(oneReport), requests, ends: ["edit applied"], undone: ["edit applied"], pairs };
  }),
  {
    name: "anyone with the link let in, and the last editor out",
    world: () => {
      const world = smallTenant();
      world.addAsset({ name: "x1", owner: "heir", roles: { EDITOR: [ana] } });
      return world;
    },
    requests: () => [
      row({ action: "set-link", select: named("x1"), role: LINK_VIEWER, member: allUsers }),
      row({ action: "revoke", select: named("x1"), member: written("ana@acme.example"), role: EDITOR }),
    ],
    ends: ["edit applied"],
    undone: ["edit applied"],
    pairs: "in full",
  },
  {
    name: "two edits of one actor",
    world: () => {
      const world = oneReport();
      world.addAsset({ name: "x2", owner: "heir", roles: { VIEWER: [other] } });
      return world;
    },
    requests: () => [
      grant("x1"),
      row({ action: "revoke", select: named("x2"), member: written("other@acme.example"), role: undefined }),
    ],
    ends: ["edit applied", "edit applied"],
    undone: ["edit applied", "edit applied"],
    pairs: "in full",
  },
  {
    name: "edits of several actors",
    world: () => {
      const world = oneReport();
      for (const owner of ["leaver", "ana"]) world.addAsset({ name: `of-${owner}`, owner, roles: { VIEWER: [other] } });
      return world;
    },
    requests: () => [
      row({ action: "revoke", select: everything, member: written("other@acme.example"), role: undefined }),
    ],
    ends: ["edit applied", "edit applied", "edit applied"],
    undone: ["edit applied", "edit applied", "edit applied"],
  },
  ...(["none", "viewer", "editor"] as const).map((keep): Plan => {
    const isKept = keep === "editor";
    return {
      name: `everything of one user, who keeps ${keep}`,
      world: () => {
        const world = smallTenant();
        world.addAsset({ name: "r1", owner: "leaver", roles: { VIEWER: [other] } });
        return world;
      },
      requests: () => [transfer("leaver", "heir", { keep })],
      ends: ["transfer applied", isKept ? "edit unchanged" : "edit applied"],
      undone: isKept ? [] : ["edit applied"],
      ...(keep === "none" ? { pairs: "in full" as const } : {}),
    };
  }),
  {
    name: "a transfer with other wishes for what it moves, and the trash",
    world: () => {
      const world = twoOfLeaver();
      world.addAsset({ name: "t1", owner: "leaver", trashed: true });
      return world;
    },
    requests: () => [transfer("leaver", "heir", { keep: "viewer", trashed: "include" }), grant("r1"), grant("r2")],
    ends: ["transfer applied", "edit applied", "edit applied", "edit applied"],
    undone: ["edit applied", "edit applied", "edit applied"],
  },
  {
    name: "a chain of transfers",
    world: () => {
      const world = smallTenant();
      world.addAsset({ name: "r1", owner: "leaver" });
      world.addAsset({ name: "h1", owner: "heir", roles: { VIEWER: [ana] } });
      return world;
    },
    requests: () => [transfer("leaver", "heir", { keep: "none" }), transfer("heir", "other", { keep: "none" })],
    ends: ["transfer applied", "transfer applied", "edit applied", "edit applied"],
    undone: ["edit applied", "edit applied"],
  },
  {
    name: "a suspended user's everything",
    world: () => {
      const world = smallTenant();
      world.addAsset({ name: "s1", owner: "sam", roles: { EDITOR: [ana] } });
      return world;
    },
    requests: () => [transfer("sam", "heir", { keep: "none" })],
    ends: ["transfer applied", "edit applied"],
    undone: ["edit applied"],
  },
  {
    name: "lines by hand",
    world: twoOfLeaver,
    requests: () => [transfer("leaver", "heir", { select: named("r1"), keep: "viewer" })],
    ends: ["edit applied", "by-hand by-hand"],
    undone: ["edit applied"],
  },
  {
    name: "an owner change that is attempted in vain",
    world: twoOfLeaver,
    requests: () => [transfer("leaver", "heir", { select: named("r1"), ownerChange: "attempt" })],
    ends: ["edit applied", "by-hand by-hand"],
    undone: ["edit applied"],
  },
  {
    name: "an owner change that works",
    world: twoOfLeaver,
    switches: { patchOwnerChanged: "apply" },
    requests: () => [transfer("leaver", "heir", { select: named("r1"), ownerChange: "attempt" })],
    ends: ["edit applied", "by-hand unchanged"],
    undone: ["edit applied"],
  },
  {
    name: "heirs of each kind",
    world: withGroup(twoOfLeaver),
    requests: () => [
      transfer("leaver", "crew@acme.example", { select: named("r1") }),
      transfer("leaver", "sam", { select: named("r1") }),
      transfer("leaver", "other", { select: named("r1"), keep: "none" }),
      transfer("leaver", "heir", { select: named("r2") }),
    ],
    ends: ["edit applied", "by-hand by-hand", "edit applied", "by-hand by-hand"],
    undone: ["edit applied", "edit applied"],
  },
  {
    name: "an asset changed since the plan",
    world: oneReport,
    requests: () => [grant("x1")],
    meanwhile: ({ emulator, clock }) => {
      const pair = { role: VIEWER, member: member("user:leaver@acme.example") };
      emulator.state.edit("x1", { add: [pair], remove: [] }, { at: clock.now(), actor: email("heir"), via: "person" });
    },
    ends: ["edit applied"],
    undone: ["edit applied"],
    pairs: "in full",
  },
  {
    name: "a wish that somebody has granted since the plan",
    world: oneReport,
    requests: () => [grant("x1")],
    meanwhile: ({ emulator, clock }) => {
      const pair = { role: EDITOR, member: member(ana) };
      emulator.state.edit("x1", { add: [pair], remove: [] }, { at: clock.now(), actor: email("heir"), via: "person" });
    },
    ends: ["edit unchanged"],
    undone: [],
    mayDoubt: true,
  },
  {
    name: "an asset whose owner has changed since the plan, beside another",
    world: () => {
      const world = oneReport();
      world.addAsset({ name: "x2", owner: "leaver" });
      return world;
    },
    requests: () => [grant("x1"), grant("x2")],
    meanwhile: ({ emulator, clock }) => {
      const asset = emulator.state.assets.get("x2");
      if (asset === undefined) return;
      const roles = new Map([
        ["OWNER", [member("user:other@acme.example")]],
        [EDITOR, [member("user:leaver@acme.example")]],
      ]);
      emulator.state.setRoles(asset, roles, { at: clock.now(), actor: email("leaver"), via: "person" });
    },
    ends: ["edit applied", "edit skipped owner-drift"],
    undone: ["edit applied"],
  },
  {
    name: "an asset that is gone, beside another",
    world: () => {
      const world = oneReport();
      world.addAsset({ name: "x2", owner: "leaver" });
      return world;
    },
    requests: () => [grant("x1"), grant("x2")],
    meanwhile: ({ emulator, clock }) => {
      const asset = emulator.state.assets.get("x2");
      if (asset !== undefined) emulator.state.remove(asset, { at: clock.now(), actor: email("leaver"), via: "person" });
    },
    ends: ["edit applied", "edit failed not-found"],
    undone: ["edit applied"],
  },
  {
    name: "an owner who is suspended since the plan, and an editor in his place",
    world: () => {
      const world = smallTenant();
      world.addAsset({ name: "x1", owner: "leaver", roles: { EDITOR: [ana] } });
      return world;
    },
    requests: () => [grant("x1", "other@acme.example", VIEWER)],
    meanwhile: ({ emulator }) => void emulator.world.changeUser("leaver", { suspended: true }),
    ends: ["edit applied"],
    undone: ["edit applied"],
  },
  {
    name: "a transfer that fails",
    world: twoOfLeaver,
    faults: [{ route: "transfers.insert", fault: { kind: "transfer", outcome: "failed", share: 0.5 } }],
    requests: () => [transfer("leaver", "heir", { keep: "none" })],
    ends: ["transfer failed transfer-failed", "edit skipped predecessor", "edit skipped predecessor"],
    undone: [],
  },
  {
    name: "a transfer that leaves something behind",
    world: twoOfLeaver,
    faults: [{ route: "transfers.insert", fault: { kind: "transfer", outcome: "partial", share: 0.5 } }],
    requests: () => [transfer("leaver", "heir", { keep: "none" })],
    ends: ["transfer failed transfer-incomplete", "edit skipped predecessor", "edit skipped predecessor"],
    undone: [],
  },
  {
    name: "everything at once",
    world: () => {
      const world = twoOfLeaver();
      world.addAsset({ name: "x1", owner: "heir", roles: { LINK_VIEWER: ["allUsers"] } });
      world.addAsset({ name: "x2", owner: "other", roles: { VIEWER: [ana] } });
      world.addAsset({ name: "x3", owner: "other" });
      return world;
    },
    requests: () => [
      transfer("leaver", "heir", { keep: "viewer" }),
      grant("r1"),
      row({ action: "close-link", select: named("x1") }),
      row({ action: "set-role", select: named("x2"), member: written("ana@acme.example"), role: EDITOR }),
      transfer("other", "ana", { select: named("x3"), ownerChange: "attempt" }),
    ],
    ends: [
      "transfer applied",
      "edit applied",
      "edit applied",
      "edit applied",
      "edit applied",
      "edit applied",
      "by-hand by-hand",
    ],
    undone: ["edit applied", "edit applied", "edit applied", "edit applied", "edit applied"],
  },
];

function withGroup(world: () => World): () => World {
  return () => {
    const made = world();
    made.addGroup({ email: "crew", members: ["ana", "other"] });
    return made;
  };
}
