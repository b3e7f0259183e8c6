/** Every position of every switch, each shown by one short scene. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { switchesFrom, switchSpecs } from "../../src/emulator/switches.ts";
import { Refusal } from "../../src/emulator/refusal.ts";
import type { World } from "../../src/emulator/world.ts";
import { at, call, held, patchBody, scopes, send, smallWorld, stage } from "./support.ts";
import type { Answer, Stage } from "./support.ts";

const owner = `user:${at("anna")}`;
const ben = `user:${at("ben")}`;
const carl = `user:${at("carl")}`;
const permissions = "/v1/assets/a1/permissions";

/** A short scene on a stage whose one switch is set; answers what it showed. */
type Scene = (on: Stage) => unknown;

function world(change?: (world: World) => void): World {
  const made = smallWorld();
  made.addAsset({ name: "a1", owner: "anna", title: "One", roles: { EDITOR: [ben], VIEWER: [carl] } });
  change?.(made);
  return made;
}

function brief(answer: Answer): string {
  return answer.status === 200 ? "200" : `${answer.status} ${answer.json.error.status ?? answer.json.error}`;
}

function patch(on: Stage, roles: Readonly<Record<string, readonly string[]>>, etag?: string): Answer {
  return call(on.emulator, "anna", `PATCH ${permissions}`, { body: patchBody(roles, etag) });
}

function patched(roles: Readonly<Record<string, readonly string[]>>): Scene {
  return (on) => [brief(patch(on, roles)), held(on.emulator, "a1")];
}

function trashed(made: World): void {
  const asset = made.state.assets.get("a1");
  if (asset !== undefined) asset.trashed = true;
}

function tokenFor(subject: string): Scene {
  return (on) => {
    try {
      return typeof on.emulator.mint(subject, [scopes.studio]);
    } catch (error) {
      return error instanceof Refusal ? `${error.facts.code} ${error.facts.status}` : error;
    }
  };
}

function signJwt(on: Stage): Answer {
  return call(on.emulator, "admin", "POST /v1/projects/-/serviceAccounts/x@y.iam.gserviceaccount.com:signJwt", {
    body: { payload: "{}" },
    scopes: ["https://www.googleapis.com/auth/iam"],
  });
}

function transfer(from: string, to: string): Scene {
  return (on) => brief(insert(on, from, to));
}

function insert(on: Stage, from: string, to: string): Answer {
  const id = (name: string): string => on.emulator.state.directory.person(at(name))?.id ?? name;
  return call(on.emulator, "admin", "POST /admin/datatransfer/v1/transfers", {
    body: {
      oldOwnerUserId: id(from),
      newOwnerUserId: id(to),
      applicationDataTransfers: [{ applicationId: "810260081642" }],
    },
  });
}

function moved(on: Stage): Readonly<Record<string, readonly string[]>> {
  insert(on, "anna", "ben");
  on.emulator.advance(3_600_000);
  return held(on.emulator, "a1");
}

function found(on: Stage, who: string, query: string): readonly string[] {
  const answer = call(on.emulator, who, `GET /v1/assets:search?assetTypes=REPORT&${query}`);
  return (answer.json.assets ?? []).map((asset: { name: string }) => asset.name);
}

const stale: Scene = (on) => brief(patch(on, { OWNER: [owner] }, "BwXe3ECCjl0="));
const wait: Scene = (on) => {
  const etag = call(on.emulator, "anna", `GET ${permissions}`).json.etag;
  const roles = { OWNER: [owner], EDITOR: [ben], VIEWER: [carl] };
  return patch(on, roles).json.etag === etag ? "same" : "moved";
};
const orphan: Scene = (on) => {
  on.world.deleteUser("anna", on.emulator.now());
  const read = call(on.emulator, "ben", `GET ${permissions}`).json;
  const again = call(on.emulator, "ben", `PATCH ${permissions}`, { body: { permissions: read } });
  const shownOwner = read.permissions.OWNER?.members[0]?.replace(/\d+/, "N");
  const search = call(on.emulator, "ben", "GET /v1/assets:search?assetTypes=REPORT").json.assets[0].owner;
  return [shownOwner, search, again.status, held(on.emulator, "a1")["OWNER"]];
};
const add = (role: string, members: readonly string[]): Scene => {
  return (on) => [
    brief(call(on.emulator, "anna", `POST ${permissions}:addMembers`, { body: { role, members } })),
    held(on.emulator, "a1"),
  ];
};
const revokeOwner: Scene = (on) =>
  brief(call(on.emulator, "ben", `POST ${permissions}:revokeAllPermissions`, { body: { members: [owner] } }));
const trashTwice: Scene = (on) => {
  call(on.emulator, "anna", "DELETE /v1/assets/a1");
  return brief(call(on.emulator, "anna", "DELETE /v1/assets/a1"));
};
const twice: Scene = (on) => [brief(insert(on, "anna", "ben")), brief(insert(on, "anna", "ben"))];
const applicationNames: Scene = (on) =>
  call(on.emulator, "admin", "GET /admin/datatransfer/v1/applications").json.applications.map(
    (one: { name: string }) => one.name,
  );
const pagingUnderEdits: Scene = (on) => {
  for (const title of ["A", "B", "C", "D"]) on.world.addAsset({ name: `p-${title}`, owner: "carl", title });
  const line = `GET /v1/assets:search?assetTypes=REPORT&pageSize=2&owner=${at("carl")}`;
  const first = call(on.emulator, "carl", line).json;
  on.emulator.state.assets.get("p-A")!.trashed = true;
  on.emulator.state.version += 1;
  const second = call(on.emulator, "carl", `${line}&pageToken=${first.nextPageToken}`).json;
  return (second.assets ?? []).map((asset: { name: string }) => asset.name);
};
const unknownMember = "future:thing";
const heldUnknown = (made: World): void => {
  made.addAsset({ name: "a2", owner: "anna", roles: { EDITOR: [unknownMember] } });
};
const moveUnknown: Scene = (on) =>
  brief(call(on.emulator, "anna", "PATCH /v1/assets/a2/permissions", { body: patchBody({ VIEWER: [unknownMember] }) }));

const suspendHeir = (made: World): void => void made.changeUser("ben", { suspended: true });

interface Case {
  readonly scene: Scene;
  readonly world?: (world: World) => void;
  readonly shows: Readonly<Record<string, unknown>>;
}

const both = { OWNER: [owner], EDITOR: [ben], VIEWER: [carl] };

const cases: Readonly<Record<string, Case>> = {
  etagMismatch: {
    scene: stale,
    shows: {
      "409_ABORTED": "409 ABORTED",
      "412": "412 FAILED_PRECONDITION",
      "400_FAILED_PRECONDITION": "400 FAILED_PRECONDITION",
      ignore: "200",
    },
  },
  noopWriteMovesEtag: { scene: wait, shows: { true: "moved", false: "same" } },
  patchOmittedRole: {
    scene: patched({ OWNER: [owner], EDITOR: [carl] }),
    shows: {
      clear: ["200", { OWNER: [owner], EDITOR: [carl] }],
      keep: ["200", { OWNER: [owner], EDITOR: [carl], VIEWER: [carl] }],
    },
  },
  patchOwnerChanged: {
    scene: patched({ OWNER: [ben], EDITOR: [carl] }),
    shows: {
      "400": ["400 INVALID_ARGUMENT", both],
      "403": ["403 PERMISSION_DENIED", both],
      ignore: ["200", { OWNER: [owner], EDITOR: [carl] }],
      apply: ["200", { OWNER: [ben], EDITOR: [carl] }],
    },
  },
  patchOwnerOmitted: {
    scene: patched({ EDITOR: [carl] }),
    shows: { keep: ["200", { OWNER: [owner], EDITOR: [carl] }], "400": ["400 INVALID_ARGUMENT", both] },
  },
  patchTrashed: {
    scene: (on) => brief(patch(on, { OWNER: [owner] })),
    world: trashed,
    shows: { accept: "200", "400": "400 FAILED_PRECONDITION", "404": "404 NOT_FOUND" },
  },
  readTrashed: {
    scene: (on) => brief(call(on.emulator, "anna", `GET ${permissions}`)),
    world: trashed,
    shows: { accept: "200", "404": "404 NOT_FOUND" },
  },
  addExistingInOtherRole: {
    scene: add("EDITOR", [carl]),
    shows: {
      both: ["200", { OWNER: [owner], EDITOR: [ben, carl], VIEWER: [carl] }],
      move: ["200", { OWNER: [owner], EDITOR: [ben, carl] }],
      noop: ["200", both],
    },
  },
  revokeOwnerOrSelf: { scene: revokeOwner, shows: { ignore_200: "200", "400": "400 INVALID_ARGUMENT" } },
  unknownRole: {
    scene: (on) => [
      brief(patch(on, { BOSS: [ben] })),
      brief(call(on.emulator, "anna", "PATCH /v1/assets/a2/permissions", { body: patchBody({ BOSS: [ben] }) })),
    ],
    world: (made) => void made.addAsset({ name: "a2", owner: "anna", roles: { BOSS: [carl] } }),
    shows: {
      existing: ["400 INVALID_ARGUMENT", "200"],
      "400": ["400 INVALID_ARGUMENT", "400 INVALID_ARGUMENT"],
      accept: ["200", "200"],
    },
  },
  unknownMemberKind: {
    scene: moveUnknown,
    world: heldUnknown,
    shows: { existing: "200", "400": "400 INVALID_ARGUMENT" },
  },
  missingPrincipal: {
    scene: (on) => [
      patch(on, { VIEWER: ["user:ghost@acme.example"] }).status,
      patch(on, { VIEWER: [`group:${at("team")}`, "user:x@partner.example"] }).status,
    ],
    shows: { accept: [200, 200], "400": [400, 200] },
  },
  externalPrincipal: {
    scene: (on) => [patch(on, { VIEWER: ["user:guest@partner.example"] }).status, patch(on, { VIEWER: [ben] }).status],
    shows: { accept: [200, 200], "400": [400, 200] },
  },
  aliasMember: {
    scene: (on) => (patch(on, { VIEWER: [`user:${at("leaver.alias")}`] }), held(on.emulator, "a1")["VIEWER"]),
    shows: { keep: [`user:${at("leaver.alias")}`], resolve: [`user:${at("leaver")}`] },
  },
  domainInPersonRoles: {
    scene: (on) => brief(patch(on, { VIEWER: ["domain:acme.example"] })),
    shows: { accept: "200", "400": "400 INVALID_ARGUMENT" },
  },
  bothLinkRoles: {
    scene: (on) => brief(patch(on, { LINK_VIEWER: ["allUsers"], LINK_EDITOR: ["domain:acme.example"] })),
    shows: { accept: "200", "400": "400 INVALID_ARGUMENT" },
  },
  noAccess: {
    scene: (on) => brief(call(on.emulator, "dora", `GET ${permissions}`)),
    shows: { "403": "403 PERMISSION_DENIED", "404": "404 NOT_FOUND" },
  },
  includeTrashed: {
    scene: (on) => found(on, "carl", `includeTrashed=true&owner=${at("carl")}`),
    world: (made) => {
      made.addAsset({ name: "live", owner: "carl", title: "1" });
      made.addAsset({ name: "gone", owner: "carl", title: "2", trashed: true });
    },
    shows: { only: ["gone"], also: ["live", "gone"] },
  },
  linkSharedInSearch: {
    scene: (on) => found(on, "dora", ""),
    world: (made) => void made.addAsset({ name: "open", owner: "anna", roles: { LINK_VIEWER: ["allUsers"] } }),
    shows: { hidden: [], shown: ["open"] },
  },
  paging: { scene: pagingUnderEdits, shows: { key: ["p-C", "p-D"], offset: ["p-D"] } },
  assetsGet: {
    scene: (on) => brief(call(on.emulator, "anna", "GET /v1/assets/a1")),
    shows: { on: "200", "404": "404 NOT_FOUND" },
  },
  deleteRights: {
    scene: (on) => brief(call(on.emulator, "ben", "DELETE /v1/assets/a1")),
    shows: { owner: "403 PERMISSION_DENIED", editor: "200" },
  },
  trashAgain: { scene: trashTwice, shows: { accept: "200", "400": "400 FAILED_PRECONDITION" } },
  purgeLive: {
    scene: (on) =>
      brief(
        call(on.emulator, "anna", "POST /v1/assets:purge", { body: { filter: 'name = "assets/a1"', force: true } }),
      ),
    shows: { "400": "400 FAILED_PRECONDITION", accept: "200" },
  },
  orphanOwner: {
    scene: orphan,
    shows: {
      keep: [owner, at("anna"), 200, [owner]],
      deleted_prefix: [`deleted:${owner}?uid=N`, undefined, 200, [owner]],
      empty: [undefined, undefined, 200, [owner]],
    },
  },
  transferApplication: {
    scene: (on) => [(applicationNames(on) as readonly string[]).length, brief(insert(on, "anna", "ben"))],
    shows: { offered: [3, "200"], absent: [2, "400 INVALID_ARGUMENT"] },
  },
  transferApplicationName: {
    scene: (on) => (applicationNames(on) as readonly string[]).at(-1),
    shows: {
      "Data Studio": "Data Studio",
      "Looker Studio": "Looker Studio",
      "Google Data Studio": "Google Data Studio",
    },
  },
  transferConflict: {
    scene: twice,
    shows: { accept: ["200", "200"], "409": ["200", "409 ALREADY_EXISTS"], "400": ["200", "400 FAILED_PRECONDITION"] },
  },
  transferMovesTrash: {
    scene: (on) => moved(on)["OWNER"],
    world: trashed,
    shows: { true: [ben], false: [owner] },
  },
  transferToSelf: { scene: transfer("anna", "anna"), shows: { "400": "400 INVALID_ARGUMENT", accept: "200" } },
  transferUnknownUser: {
    scene: transfer("12345", "ben"),
    shows: { "403": "403 PERMISSION_DENIED", "404": "404 NOT_FOUND", "400": "400 INVALID_ARGUMENT" },
  },
  suspendedOwnerTransfer: { scene: transfer("sam", "ben"), shows: { accept: "200", "400": "400 INVALID_ARGUMENT" } },
  suspendedHeirTransfer: {
    scene: (on) => {
      const answer = insert(on, "anna", "ben");
      on.emulator.advance(3_600_000);
      return [brief(answer), [...on.emulator.transfers.jobs.values()][0]?.status];
    },
    world: suspendHeir,
    shows: { "400": ["400 INVALID_ARGUMENT", undefined], fail: ["200", "failed"], accept: ["200", "completed"] },
  },
  oldOwnerAfterTransfer: {
    scene: moved,
    shows: { EDITOR: { OWNER: [ben], EDITOR: [owner], VIEWER: [carl] }, none: { OWNER: [ben], VIEWER: [carl] } },
  },
  heirKeepsOtherRole: {
    scene: (on) => moved(on)["EDITOR"],
    shows: { false: [owner], true: [ben, owner] },
  },
  suspendedToken: {
    scene: tokenFor(at("sam")),
    shows: { invalid_grant: "400 invalid_grant", access_denied: "403 access_denied", issue: "string" },
  },
  outsideSubject: {
    scene: tokenFor("someone@elsewhere.example"),
    shows: {
      unauthorized_client: "401 unauthorized_client",
      invalid_grant: "400 invalid_grant",
      invalid_request: "400 invalid_request",
    },
  },
  dataStudioApi: {
    scene: (on) => call(on.emulator, "anna", `GET ${permissions}`).json.error?.details[0].reason,
    shows: { enabled: undefined, disabled: "SERVICE_DISABLED" },
  },
  adminApi: {
    scene: (on) =>
      call(on.emulator, "admin", `GET /admin/directory/v1/users/${at("ben")}`).json.error?.errors[0].reason,
    shows: { enabled: undefined, disabled: "accessNotConfigured" },
  },
  iamCredentialsApi: {
    scene: (on) => brief(signJwt(on)),
    shows: { enabled: "404 NOT_FOUND", disabled: "403 PERMISSION_DENIED" },
  },
  tokenCreator: {
    scene: (on) => signJwt(on).json.error.details?.[0].reason,
    shows: { granted: undefined, denied: "IAM_PERMISSION_DENIED" },
  },
  oauthConsent: {
    scene: (on) => {
      on.emulator.oauth.register({ clientId: "c1", clientSecret: "s", projectId: "p" });
      const asked = `client_id=c1&redirect_uri=http://127.0.0.1:9/&response_type=code&scope=${scopes.studio}`;
      const { status, headers, reply } = send(on.emulator, "GET", `/o/oauth2/v2/auth?${asked}`);
      return [status, headers["location"] ?? /<title>(.*)<\/title>/.exec(reply.body)?.[1]];
    },
    shows: {
      invalid_scope: [400, "Error 400: invalid_scope"],
      ask: [200, "Sign in"],
      access_denied: [302, "http://127.0.0.1:9/?error=access_denied"],
    },
  },
  maxPageSize: {
    scene: (on) => found(on, "carl", "pageSize=5").length,
    world: (made) => {
      for (const name of ["m1", "m2", "m3"]) made.addAsset({ name, owner: "carl" });
    },
    shows: { "1000": 4, "2": 2, "∞": 4 },
  },
  maxMembersPerCall: {
    scene: (on) => [
      (add("VIEWER", ["user:x@partner.example", "user:y@partner.example"])(on) as readonly unknown[])[0],
      (add("VIEWER", [ben])(on) as readonly unknown[])[0],
    ],
    shows: { "∞": ["200", "200"], "1": ["400 INVALID_ARGUMENT", "200"] },
  },
  searchLagMs: {
    scene: (on) => {
      patch(on, { OWNER: [owner] });
      const soon = found(on, "ben", "");
      on.emulator.advance(600);
      return [soon, found(on, "ben", "")];
    },
    shows: { "0": [[], []], "500": [["a1"], []] },
  },
};

describe("switches", () => {
  const rows = Object.entries(cases).flatMap(([name, { shows }]) =>
    Object.keys(shows).map((position) => [name, position] as const),
  );

  it.each(rows)("%s at %s shows its behaviour", (name, position) => {
    const one = cases[name];
    if (one === undefined) throw new Error(name);
    const on = stage({ world: world(one.world), switches: { [name]: position } });
    expect(one.scene(on)).toEqual(one.shows[position]);
  });

  it("shows the default position when nothing is said", () => {
    for (const spec of switchSpecs) {
      const one = cases[spec.name];
      expect(one?.scene(stage({ world: world(one.world) })), spec.name).toEqual(one?.shows[spec.preset]);
    }
  });

  it("leaves no switch and no position without a scene", () => {
    expect(Object.keys(cases).toSorted()).toEqual(switchSpecs.map((spec) => spec.name).toSorted());
    for (const spec of switchSpecs) {
      if (spec.positions !== undefined)
        expect(Object.keys(cases[spec.name]?.shows ?? {}).toSorted()).toEqual([...spec.positions].toSorted());
    }
  });

  it("lists each switch with its positions and default in the README", () => {
    const readme = readFileSync(new URL("../../src/emulator/README.md", import.meta.url), "utf8").replace(/ +/g, " ");
    for (const spec of switchSpecs) {
      const shown =
        spec.positions === undefined ? spec.preset : [spec.preset, ...spec.positions.slice(1)].join(" \\| ");
      expect(readme, spec.name).toContain(`| \`${spec.name}\` | ${shown} |`);
    }
  });

  it.each([
    ["an unknown switch", { colour: "red" }],
    ["an unknown position", { etagMismatch: "418" }],
    ["a number that is none", { maxPageSize: "many" }],
    ["a number too small", { maxPageSize: "0" }],
  ])("refuses %s and names what there is", (_what, chosen) => {
    expect(() => switchesFrom(chosen as unknown as Readonly<Record<string, string>>)).toThrow(/switch/);
  });
});
