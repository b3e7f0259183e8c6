/** Seeded tenants of any size with the shape of real ones, and in each a cast of people and assets that plans can name. */
import { dayMs } from "../model/clock.ts";
import type { Random } from "../model/clock.ts";
import { UsageError } from "../model/errors.ts";
import { familyNames, givenNames, nastyTitles, orgUnits, pick, plainTitle } from "./generate-words.ts";
import { pickIndex, seededRandom } from "./random.ts";
import { emptyTenant } from "./world.ts";
import type { NewAsset, World } from "./world.ts";

export interface TenantShape {
  readonly seed: number;
  /** People, deleted ones included; at least 20. */
  readonly users: number;
  /** Assets, trashed ones included; at least 100. */
  readonly assets: number;
  /** `acme.example` if absent. */
  readonly domain?: string | undefined;
  /** What creation and deletion times are reckoned back from, ms since 1970; 1 November 2026 if absent. */
  readonly now?: number | undefined;
}

const firstOfNovember = 1_793_491_200_000;

/** What the makers of people and assets share. */
interface Making {
  readonly world: World;
  readonly random: Random;
  readonly now: number;
  readonly domain: string;
  readonly secondDomain: string;
  /** People who share and are shared with, most active first. */
  readonly people: string[];
  readonly groups: string[];
}

/**
 * Makes a tenant. The same seed, counts and domain give the same people, ids, names, titles and sharing; times follow
 * `now`. Throws `UsageError` for sizes too small to hold the cast.
 */
export function generateTenant(shape: TenantShape): World {
  if (!(shape.users >= 20) || !(shape.assets >= 100)) {
    throw new UsageError(
      `a generated tenant cannot have ${shape.users} users and ${shape.assets} assets`,
      "ask for at least 20 users and 100 assets",
    );
  }
  const domain = shape.domain ?? "acme.example";
  const [label = "acme", ...rest] = domain.split(".");
  const making: Making = {
    world: emptyTenant(domain, shape.seed),
    random: seededRandom(shape.seed ^ 0x5eed),
    now: shape.now ?? firstOfNovember,
    domain,
    secondDomain: `${label}-labs.${rest.join(".")}`,
    people: [],
    groups: [],
  };
  making.world.addDomain(making.secondDomain);
  making.world.addDomainAlias(`${label}.test`);
  addCast(making);
  addPeople(making, shape.users - making.world.state.directory.people.size);
  addGroups(making, shape.users);
  addCastAssets(making);
  addAssets(making, shape.assets - making.world.state.assets.size);
  return making.world;
}

/** The people every tenant has. */
function addCast(making: Making): void {
  const { world, now } = making;
  world.addUser({ email: "admin", givenName: "Ada", familyName: "Admin", isAdmin: true });
  world.addUser({ email: "leaver", givenName: "Lee", familyName: "Leaver", aliases: ["leaver.alias"] });
  world.addUser({ email: "heir", givenName: "Hana", familyName: "Heir" });
  world.addUser({ email: "anna", givenName: "Anna", familyName: "Analyst", orgUnitPath: "/Sales/EMEA" });
  world.addUser({ email: "ben", givenName: "Ben", familyName: "Builder" });
  world.addUser({ email: "cfo", givenName: "Carol", familyName: "Chief", orgUnitPath: "/Finance" });
  world.addUser({ email: "emea-bi", givenName: "EMEA", familyName: "BI", orgUnitPath: "/Sales/EMEA" });
  world.addUser({ email: "suspended.sam", givenName: "Sam", familyName: "Suspended", suspended: true });
  world.addUser({ email: "archived.amy", givenName: "Amy", familyName: "Archived", archived: true });
  world.addUser({ email: "deleted.dora", givenName: "Dora", familyName: "Deleted" });
  world.deleteUser("deleted.dora", now - 5 * dayMs);
  making.people.push(...["anna", "ben", "heir", "emea-bi", "admin"].map((name) => world.address(name)));
}

function addPeople(making: Making, count: number): void {
  const { world, random, now } = making;
  const taken = new Set<string>();
  for (let index = 0; index < count; index += 1) {
    const givenName = pick(random, givenNames);
    const familyName = pick(random, familyNames);
    const base = `${givenName}.${familyName}`.toLowerCase();
    const local = taken.has(base) ? `${base}${index}` : base;
    taken.add(local);
    const chance = random();
    const email = `${local}@${index === 0 || random() < 0.12 ? making.secondDomain : making.domain}`;
    world.addUser({
      email,
      givenName,
      familyName,
      orgUnitPath: pick(random, orgUnits),
      aliases: index === 1 || random() < 0.06 ? [`${local}.alias`] : [],
      suspended: chance < 0.03,
      archived: chance >= 0.03 && chance < 0.04,
      createdAt: now - Math.floor(random() * 1500) * dayMs,
    });
    if (chance >= 0.04 && chance < 0.055) {
      world.deleteUser(email, now - Math.floor((1 + random() * 18) * dayMs));
    } else {
      making.people.push(email);
    }
  }
}

function addGroups(making: Making, users: number): void {
  const { world, random, groups, people } = making;
  const customer = world.state.directory.customerId;
  world.addGroup({ email: "bi-team", name: "BI team", members: ["anna", "ben", "heir", "leaver"] });
  world.addGroup({ email: "everyone", name: "Everyone", members: [customer] });
  world.addGroup({ email: "finance", name: "Finance", members: ["cfo", "admin"] });
  world.addGroup({ email: "emea", name: "EMEA", members: ["bi-team", "emea-bi", "anna"] });
  world.addGroup({ email: "partners", name: "Partners", members: ["guest@partner.example", "emea"] });
  groups.push(...["bi-team", "everyone", "finance", "emea", "partners"].map((name) => world.address(name)));
  for (let index = 0; index < Math.floor(users / 12); index += 1) {
    const members = Array.from({ length: 2 + pickIndex(random, 12) }, () => pick(random, people));
    const nested = random() < 0.25 ? [pick(random, groups)] : [];
    const email = world.address(`team-${index + 1}`);
    world.addGroup({ email, name: `Team ${index + 1}`, members: [...new Set([...members, ...nested])] });
    groups.push(email);
  }
}

type Sharing = Readonly<Record<string, readonly string[]>>;

/** The sharing patterns of the cast's assets, in turn: private, people, groups, outsiders, public, domain. */
function castSharing(making: Making, owner: string, index: number): Sharing {
  const user = (name: string): string => `user:${making.world.address(name)}`;
  const team = `group:${making.world.address("bi-team")}`;
  const patterns: readonly Sharing[] = [
    {},
    { EDITOR: [user("ben")], VIEWER: [user("anna")] },
    { VIEWER: [team] },
    { EDITOR: [team], VIEWER: ["user:guest@partner.example"] },
    { LINK_VIEWER: ["allUsers"] },
    { EDITOR: [user("heir")], LINK_VIEWER: [`domain:${making.domain}`] },
  ];
  const pattern = Object.entries(patterns[index % patterns.length] ?? {});
  const others = pattern.map(([role, members]) => [role, members.filter((one) => one !== user(owner))] as const);
  return Object.fromEntries(others.filter(([, members]) => members.length > 0));
}

/** The assets every tenant has. */
function addCastAssets(making: Making): void {
  const { world } = making;
  const user = (name: string): string => `user:${world.address(name)}`;
  const add = (owner: string, count: number, asset: (index: number) => Partial<NewAsset>): void => {
    for (let index = 0; index < count; index += 1) {
      world.addAsset({ ...times(making), owner, roles: castSharing(making, owner, index), ...asset(index) });
    }
  };
  const report = (title: string): Partial<NewAsset> => ({ title, type: "REPORT" });
  const source = (title: string): Partial<NewAsset> => ({ title, type: "DATA_SOURCE" });
  add("leaver", 22, (index) => report(`Leaver report ${index + 1}`));
  add("leaver", 12, (index) => source(`Leaver data source ${index + 1}`));
  add("leaver", 3, (index) => ({ ...report(`Leaver old report ${index + 1}`), trashed: true }));
  add("anna", 6, (index) => report(`EMEA ${["Revenue", "Pipeline", "Churn", "Spend", "Forecast", "Traffic"][index]}`));
  add("anna", 3, (index) => ({ ...report(`Anna notes ${index + 1}`), roles: { VIEWER: [user("leaver")] } }));
  add("anna", 2, (index) => source(`EMEA source ${index + 1}`));
  add("cfo", 4, (index) => report(`Board ${["Pack", "Minutes", "Forecast", "Compensation"][index]}`));
  add("cfo", 1, () => source("Board ledger"));
  add("suspended.sam", 3, (index) => ({ ...report(`Sam shared ${index + 1}`), roles: { EDITOR: [user("ben")] } }));
  add("suspended.sam", 2, (index) => ({ ...report(`Sam private ${index + 1}`), roles: {} }));
  add("deleted.dora", 3, (index) => report(`Dora report ${index + 1}`));
  add("ben", 3, (index) => ({
    ...report(`Ben dashboard ${index + 1}`),
    roles: { EDITOR: [user("leaver"), user("anna")], VIEWER: ["user:guest@partner.example"] },
  }));
  add("heir", 2, (index) => report(`Heir report ${index + 1}`));
  add("emea-bi", 2, (index) => report(`EMEA hub ${index + 1}`));
  add("admin", 1, () => report("Admin inventory"));
}

function times(making: Making): Pick<NewAsset, "createdAt" | "updatedAt" | "accessedAt"> {
  const { random, now } = making;
  const createdAt = now - Math.floor((20 + random() * 1400) * dayMs);
  const updatedAt = createdAt + Math.floor(random() * (now - createdAt));
  return { createdAt, updatedAt, accessedAt: updatedAt + Math.floor(random() * (now - updatedAt)) };
}

/** The rest: owners after Zipf, a few own very much and most own little. */
function addAssets(making: Making, count: number): void {
  const { world, random } = making;
  const owners = making.people.slice(5);
  const cumulative: number[] = [];
  let sum = 0;
  for (let rank = 0; rank < owners.length; rank += 1) {
    sum += 1 / (rank + 1) ** 0.9;
    cumulative.push(sum);
  }
  for (let index = 0; index < count; index += 1) {
    const type = random() < 0.62 ? "REPORT" : "DATA_SOURCE";
    const owner = owners[firstAtLeast(cumulative, random() * sum)] ?? "admin";
    const nasty = index < nastyTitles.length || random() < 0.004;
    const title = nasty ? (nastyTitles[index % nastyTitles.length] ?? "") : plainTitle(random, type);
    world.addAsset({
      ...times(making),
      owner,
      creator: random() < 0.9 ? owner : pick(random, making.people),
      title,
      type,
      description: type === "REPORT" && random() < 0.2 ? `About ${title}` : "",
      roles: sharing(making, owner, type),
      trashed: random() < 0.06,
      editorsMayShare: random() < 0.95,
    });
  }
}

function firstAtLeast(cumulative: readonly number[], wanted: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cumulative[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

const outsiders: readonly string[] = [
  "guest@partner.example",
  "analyst@partner.example",
  "team@agency.example",
  "someone.private@freemail.example",
];

/** How one asset is shared: half of them not at all, a few with the world. */
function sharing(making: Making, owner: string, type: string): ReadonlyMap<string, readonly string[]> {
  const { random, people, groups, domain } = making;
  const roles = new Map<string, string[]>();
  if (random() < 0.42) return roles;
  const taken = new Set([`user:${owner}`]);
  const add = (role: string, member: string): void => {
    if (taken.has(member)) return;
    taken.add(member);
    const members = roles.get(role);
    if (members === undefined) roles.set(role, [member]);
    else members.push(member);
  };
  for (let left = pickIndex(random, 4); left > 0; left -= 1) add("EDITOR", `user:${pick(random, people)}`);
  for (let left = pickIndex(random, 7); left > 0; left -= 1) add("VIEWER", `user:${pick(random, people)}`);
  if (random() < 0.15) add("EDITOR", `group:${pick(random, groups)}`);
  if (random() < 0.2) add("VIEWER", `group:${pick(random, groups)}`);
  if (random() < 0.06) add("VIEWER", `user:${pick(random, outsiders)}`);
  if (random() < 0.02) add("EDITOR", `user:${pick(random, outsiders)}`);
  if (random() < 0.06) add("VIEWER", `domain:${domain}`);
  if (type === "DATA_SOURCE" && random() < 0.08) {
    add("EDITOR", `serviceAccount:etl-${pickIndex(random, 5)}@acme-data.iam.gserviceaccount.com`);
  }
  const link = random();
  if (link < 0.04) roles.set("LINK_VIEWER", ["allUsers"]);
  else if (link < 0.13) roles.set("LINK_VIEWER", [`domain:${domain}`]);
  else if (link < 0.14) roles.set("LINK_EDITOR", [`domain:${domain}`]);
  return roles;
}
