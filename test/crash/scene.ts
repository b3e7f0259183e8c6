/** What a run of the campaign plays on: a tenant, and a plan file an administrator might write for it, drawn from the seed. */
import { exportedState } from "../../src/emulator/persist.ts";
import { emptyTenant } from "../../src/emulator/world.ts";
import type { Chance } from "../simulation/chance.ts";

const domain = "acme.example";
const leavers = ["lea", "leo"];
const heirs = ["hei", "hal"];
const colleagues = ["ana", "bob", "cyd", "dan"];
/** Nobody in the tenant holds anything as these, so that a grant to them is always something to do. */
const newcomers = ["nia", "noa", "eve@elsewhere.example"];

export interface Scene {
  /** As the emulator loads it. */
  readonly state: object;
  /** Options of the emulator. */
  readonly emulator: readonly string[];
  /** Rows of the plan file below its header. */
  readonly rows: readonly string[];
}

export const header = "action,from,to,asset,member,role,keep";

function address(name: string): string {
  return name.includes("@") ? name : `${name}@${domain}`;
}

export function drawScene(chance: Chance): Scene {
  const world = emptyTenant(domain, chance.whole(1, 1_000_000));
  world.addUser({ email: "admin", isAdmin: true });
  for (const email of [...leavers, ...heirs, ...colleagues, "nia", "noa"]) world.addUser({ email });
  const assets: { readonly name: string; readonly owner: string }[] = [];
  const count = chance.whole(10, 40);
  for (let index = 0; index < count; index += 1) {
    const owner = chance.hits(0.5) ? chance.pick(leavers) : chance.pick([...heirs, ...colleagues]);
    const type = chance.hits(0.3) ? "DATA_SOURCE" : "REPORT";
    const { name } = world.addAsset({ owner, type, title: `Asset ${index + 1}`, roles: drawRoles(chance, owner) });
    assets.push({ name, owner });
  }
  return {
    state: exportedState(world.state, []),
    emulator: drawEmulator(chance),
    rows: drawRows(chance, assets),
  };
}

function drawRoles(chance: Chance, owner: string): Readonly<Record<string, readonly string[]>> {
  const others = [...heirs, ...colleagues].filter((name) => name !== owner).map((name) => `user:${address(name)}`);
  const editors = chance.some(others, 0.25);
  const viewers = chance.some(
    others.filter((member) => !editors.includes(member)),
    0.25,
  );
  return {
    ...(editors.length > 0 ? { EDITOR: editors } : {}),
    ...(viewers.length > 0 ? { VIEWER: viewers } : {}),
    ...(chance.hits(0.2) ? { LINK_VIEWER: ["allUsers"] } : {}),
  };
}

function drawEmulator(chance: Chance): readonly string[] {
  return [
    `--seed=${chance.whole(1, 1_000_000)}`,
    "--users=20",
    "--assets=100",
    `--latency=${chance.pick([0, 5, 15, 40])}`,
    `--transfer-duration=${chance.pick(["1s", "3s"])}`,
    `--switch=etagMismatch=${chance.pick(["409_ABORTED", "412", "400_FAILED_PRECONDITION"])}`,
    `--switch=oldOwnerAfterTransfer=${chance.pick(["EDITOR", "none"])}`,
  ];
}

function drawRows(
  chance: Chance,
  assets: readonly { readonly name: string; readonly owner: string }[],
): readonly string[] {
  const whole = leavers.filter(() => chance.hits(0.5));
  const rows = whole.map((name) => `transfer,${address(name)},${address(chance.pick(heirs))},,,,${drawKeep(chance)}`);
  for (const { name, owner } of assets) {
    const isLeaving = leavers.includes(owner) && !whole.includes(owner);
    if (isLeaving && chance.hits(0.4)) {
      rows.push(`transfer,${address(owner)},${address(chance.pick(heirs))},${name},,,${drawKeep(chance)}`);
    }
    for (const member of chance.some(newcomers, 0.35)) {
      rows.push(`grant,,,${name},${address(member)},${chance.pick(["EDITOR", "VIEWER"])},`);
    }
    for (const member of chance.some(colleagues, 0.2)) rows.push(drawEdit(chance, name, address(member)));
    if (chance.hits(0.1)) rows.push(`close-link,,,${name},,,`);
  }
  return rows;
}

function drawEdit(chance: Chance, asset: string, member: string): string {
  switch (chance.whole(0, 2)) {
    case 0:
      return `revoke,,,${asset},${member},,`;
    case 1:
      return `set-role,,,${asset},${member},${chance.pick(["EDITOR", "VIEWER"])},`;
    default:
      return `replace-member,${member},${address("nia")},${asset},,,`;
  }
}

function drawKeep(chance: Chance): string {
  return chance.pick(["editor", "viewer", "none"]);
}
