/** The emulator's state as JSON and back: everything a restart must find again, except tokens, the log and the history. */
import { z } from "zod";
import { UsageError } from "../model/errors.ts";
import { member } from "../model/member.ts";
import type { TransferRecord } from "./data-transfer.ts";
import { DirectoryState } from "./directory-state.ts";
import { TenantState } from "./state.ts";

const person = z.object({
  id: z.string(),
  email: z.string(),
  givenName: z.string(),
  familyName: z.string(),
  aliases: z.array(z.string()),
  suspended: z.boolean(),
  archived: z.boolean(),
  isAdmin: z.boolean(),
  orgUnitPath: z.string(),
  createdAt: z.number(),
  lastLoginAt: z.number().optional(),
  deletedAt: z.number().optional(),
  serviceOff: z.boolean(),
});

const group = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  description: z.string(),
  aliases: z.array(z.string()),
  members: z.array(
    z.object({
      kind: z.enum(["USER", "GROUP", "CUSTOMER", "EXTERNAL"]),
      email: z.string(),
      role: z.enum(["OWNER", "MANAGER", "MEMBER"]),
    }),
  ),
});

const domain = z.object({
  name: z.string(),
  primary: z.boolean(),
  verified: z.boolean(),
  createdAt: z.number(),
  aliases: z.array(z.string()),
});

const asset = z.object({
  name: z.string(),
  type: z.string(),
  title: z.string(),
  description: z.string(),
  creator: z.string(),
  // Pairs, not an object: a role may bear any name, and its place among the others is kept.
  roles: z.array(z.tuple([z.string(), z.array(z.string())])),
  etagMicros: z.number(),
  trashed: z.boolean(),
  createdAt: z.number(),
  updatedAt: z.number(),
  accessedAt: z.number().optional(),
  editorsMayShare: z.boolean(),
  folder: z.string(),
  workspace: z.string(),
});

const transfer = z.object({
  id: z.string(),
  oldOwnerUserId: z.string(),
  newOwnerUserId: z.string(),
  requestedAt: z.number(),
  parts: z.array(
    z.object({
      applicationId: z.string(),
      params: z.array(z.object({ key: z.string(), value: z.array(z.string()) })),
    }),
  ),
  fate: z.object({ outcome: z.enum(["normal", "stuck", "failed", "partial"]), share: z.number() }),
  status: z.string(),
  queue: z.array(z.string()).optional(),
  moved: z.number(),
});

const stateSchema = z.object({
  format: z.literal("handover-emulator"),
  version: z.literal(1),
  customerId: z.string(),
  domains: z.array(domain).min(1),
  people: z
    .array(person)
    .refine((people) => new Set(people.map(({ id }) => id)).size === people.length, "two people share an id"),
  groups: z.array(group),
  assets: z.array(asset),
  transfers: z.array(transfer),
  lastMicros: z.number(),
});

export interface Restored {
  readonly state: TenantState;
  readonly transfers: readonly TransferRecord[];
}

/** The state as an object that JSON can carry. */
export function exportedState(state: TenantState, transfers: Iterable<TransferRecord>): object {
  const { directory } = state;
  return {
    format: "handover-emulator",
    version: 1,
    customerId: directory.customerId,
    domains: directory.domains,
    people: [...directory.people.values()],
    groups: [...directory.groups.values()],
    assets: [...state.assets.values()].map((stored) => ({ ...stored, roles: [...stored.roles] })),
    transfers: [...transfers],
    lastMicros: state.lastMicros,
  };
}

/** Reads what `exportedState` wrote; throws `UsageError` for anything else. */
export function restoredState(value: unknown): Restored {
  const parsed = stateSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UsageError(
      `this is not an emulator state: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim(),
      "use a file that the emulator wrote, or start without one",
    );
  }
  const saved = parsed.data;
  const [first, ...others] = saved.domains;
  const directory = new DirectoryState(saved.customerId, first?.name ?? "", first?.createdAt ?? 0);
  for (const alias of first?.aliases ?? []) directory.addDomainAlias(directory.primaryDomain, alias);
  for (const other of others) directory.addDomain(other);
  for (const one of saved.people) {
    directory.addPerson({ ...one, lastLoginAt: one.lastLoginAt, deletedAt: one.deletedAt });
  }
  for (const one of saved.groups) directory.addGroup(one);
  const state = new TenantState(directory);
  for (const one of saved.assets) {
    const roles = new Map(one.roles.map(([role, members]) => [role, members.map(member)]));
    state.add({ ...one, accessedAt: one.accessedAt, roles });
  }
  state.lastMicros = Math.max(state.lastMicros, saved.lastMicros);
  return { state, transfers: saved.transfers.map((job) => ({ ...job, queue: job.queue })) };
}
