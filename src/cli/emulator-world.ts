/** The tenant of a snapshot as a world of the emulator, so that what was planned from the snapshot can be rehearsed. */
import { Buffer } from "node:buffer";
import type { DirectoryState, GroupMemberRecord, PersonRecord } from "../emulator/directory-state.ts";
import type { StoredAsset, TenantState } from "../emulator/state.ts";
import { emptyTenant } from "../emulator/world.ts";
import type { World } from "../emulator/world.ts";
import type { SnapshotReader } from "../journal/snapshot.ts";
import type { Etag } from "../model/brand.ts";
import type { Email } from "../model/email.ts";
import type { GroupMember, InventoryAsset } from "../model/inventory.ts";
import { userMember } from "../model/member.ts";
import type { Member } from "../model/member.ts";
import { OWNER } from "../model/permissions.ts";
import type { RoleMap } from "../model/permissions.ts";
import type { Person } from "../model/tenant.ts";

const pageSize = 1000;
const seersMax = 1000;

/** What the snapshot does not know is left as plain as can be. Throws RunFileError. */
export async function worldOf(snapshot: SnapshotReader, at: number, seed: number): Promise<World> {
  const { tenant, domains, admin } = snapshot.header;
  const world = emptyTenant(tenant, seed);
  for (const domain of domains) if (domain !== tenant) world.addDomain(domain);
  const { directory } = world.state;
  await addUsers(snapshot, directory, at);
  await addPrincipals(snapshot, directory, at);
  if (directory.person(admin) === undefined) world.addUser({ email: admin });
  world.changeUser(admin, { isAdmin: true });
  await addAssets(snapshot, world.state, at);
  return world;
}

async function addUsers(snapshot: SnapshotReader, directory: DirectoryState, at: number): Promise<void> {
  for (let after = ""; ;) {
    const page = await snapshot.users(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.person.email;
    for (const { person } of page) addPerson(directory, person, at);
  }
}

/** Groups come under every address they were named by; people beyond the scope of the inventory are among these too. */
async function addPrincipals(snapshot: SnapshotReader, directory: DirectoryState, at: number): Promise<void> {
  const aliases = new Map<Email, { readonly id: string; readonly aliases: string[] }>();
  for (let after = ""; ;) {
    const page = await snapshot.principals(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.email;
    for (const { email, principal } of page) {
      if (principal.kind === "user" || principal.kind === "deleted") addPerson(directory, principal.person, at);
      if (principal.kind !== "group") continue;
      const group = aliases.get(principal.email) ?? { id: principal.id, aliases: [] };
      aliases.set(principal.email, group);
      if (email !== principal.email) group.aliases.push(email);
    }
  }
  for (const [email, group] of aliases) {
    const members = (await snapshot.groupMembers(email)) ?? [];
    const name = email.slice(0, email.indexOf("@"));
    directory.addGroup({
      ...group,
      email,
      name,
      description: "",
      members: members.map((each) => groupMember(each, directory.customerId)),
    });
  }
}

function groupMember({ email, type }: GroupMember, customerId: string): GroupMemberRecord {
  if (email === undefined) return { kind: "CUSTOMER", email: customerId, role: "MEMBER" };
  return { kind: type === "GROUP" || type === "EXTERNAL" ? type : "USER", email, role: "MEMBER" };
}

function addPerson(directory: DirectoryState, person: Person, at: number): void {
  if (directory.people.has(person.id)) return;
  const { deletionTime } = person;
  const name = person.email.slice(0, person.email.indexOf("@"));
  const record: PersonRecord = {
    id: person.id,
    email: person.email,
    givenName: name,
    familyName: "Example",
    aliases: [...person.aliases],
    suspended: person.suspended,
    archived: person.archived,
    isAdmin: false,
    orgUnitPath: person.orgUnit ?? "/",
    createdAt: at,
    lastLoginAt: undefined,
    deletedAt: deletionTime === undefined ? undefined : instant(deletionTime, at),
    serviceOff: false,
  };
  directory.addPerson(record);
}

async function addAssets(snapshot: SnapshotReader, state: TenantState, at: number): Promise<void> {
  for (let after = ""; ;) {
    const page = await snapshot.assets(after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.asset.name;
    for (const record of page) state.add(await stored(snapshot, record, state, at));
  }
}

async function stored(
  snapshot: SnapshotReader,
  { asset, permissions }: InventoryAsset,
  state: TenantState,
  at: number,
): Promise<StoredAsset> {
  const createdAt = instant(asset.createTime, at);
  return {
    name: asset.name,
    type: asset.assetType,
    title: asset.title,
    description: "",
    creator: asset.owner ?? "",
    roles: permissions?.roles ?? (await rolesGuessed(snapshot, asset.name, asset.owner)),
    etagMicros: microsOf(permissions?.etag, at) ?? state.nextMicros(createdAt),
    trashed: asset.trashed,
    createdAt,
    updatedAt: instant(asset.updateTime, createdAt),
    accessedAt: undefined,
    editorsMayShare: true,
    folder: "",
    workspace: "",
  };
}

/** Whoever was shown the asset may at least view it; that nobody could read its permissions is then still so. */
async function rolesGuessed(
  snapshot: SnapshotReader,
  name: InventoryAsset["asset"]["name"],
  owner: Email | undefined,
): Promise<RoleMap> {
  const seers = (await snapshot.seers(name, seersMax)).filter((user) => user !== owner).map(userMember);
  const roles: (readonly [string, readonly Member[]])[] = [];
  if (owner !== undefined) roles.push([OWNER, [userMember(owner)]]);
  if (seers.length > 0) roles.push(["VIEWER", seers]);
  return new Map(roles);
}

function instant(text: string | undefined, otherwise: number): number {
  const found = Date.parse(text ?? "");
  return Number.isNaN(found) ? otherwise : found;
}

/** The microseconds that the emulator would write as this etag; undefined for an etag of any other kind. */
function microsOf(etag: Etag | undefined, at: number): number | undefined {
  const bytes = Buffer.from(etag ?? "", "base64");
  if (bytes.length !== 8 || bytes[0] !== 7 || bytes.toString("base64") !== etag) return undefined;
  const micros = bytes.readUIntBE(1, 3) * 4_294_967_296 + bytes.readUInt32BE(4);
  return micros <= at * 1000 ? micros : undefined;
}
