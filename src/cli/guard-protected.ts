/** Protected assets, asked once more before anything is sent: a run may have been planned where other rules held. */
import type { Journal } from "../journal/journal.ts";
import type { Api } from "../model/api.ts";
import { assetTypes } from "../model/asset.ts";
import { placeText } from "../model/diagnostic.ts";
import type { Email } from "../model/email.ts";
import { ApiError, GuardError } from "../model/errors.ts";
import { memberEmail } from "../model/member.ts";
import type { Delta } from "../model/permissions.ts";
import type { ProtectRule } from "../model/request.ts";
import type { Step, TransferStep } from "../model/step.ts";
import { printable } from "../model/text.ts";
import { described } from "../plan/compile/asset.ts";
import type { Protection } from "../plan/compile/context.ts";
import { covers, memberProtectedBy, protectedBy } from "../plan/compile/match.ts";
import { protectionsOf } from "../plan/compile/resolve.ts";

const pageSize = 500;

/**
 * Throws GuardError when an open step of the run touches what `rules` protect. Reads: the Directory for each person a rule
 * names; the assets of a user who leaves whole, for rules about titles or assets that did not hold when the run was made.
 */
export async function guardProtected(api: Api, run: Journal, rules: readonly ProtectRule[]): Promise<void> {
  if (rules.length === 0) return;
  const protections = await withPrimaryAddresses(api, rules);
  const frozen = new Set((run.header.guards?.protect ?? []).map(conditions));
  const unchecked = protections.filter(({ rule }) => !frozen.has(conditions(rule)));
  for (let after = 0; ;) {
    const page = await run.page({ states: ["planned", "in-flight"] }, after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.step.seq;
    for (const { step } of page) {
      if (step.kind === "transfer") await guardTransfer(api, step, protections, unchecked);
      else guardAsset(step, protections);
    }
  }
}

/** What a rule says, wherever it stands. */
function conditions({ owner, title, asset, member }: ProtectRule): string {
  return JSON.stringify([owner, title, asset, member]);
}

async function withPrimaryAddresses(api: Api, rules: readonly ProtectRule[]): Promise<readonly Protection[]> {
  const people = new Map<Email, Email>();
  for (const { owner, member } of rules) {
    for (const email of [owner, member === undefined ? undefined : memberEmail(member)]) {
      if (email === undefined || people.has(email)) continue;
      people.set(email, (await api.directory.user(email))?.email ?? email);
    }
  }
  const resolved = rules.map((rule) => ({ ...rule, owner: rule.owner && (people.get(rule.owner) ?? rule.owner) }));
  return protectionsOf({ principal: () => undefined }, resolved).map((protection) => ({
    ...protection,
    member: protection.member && (people.get(protection.member) ?? protection.member),
  }));
}

const noDelta: Delta = { add: [], remove: [] };

function guardAsset(step: Exclude<Step, TransferStep>, protections: readonly Protection[]): void {
  const owner = step.kind === "edit" ? step.owner : step.from;
  const delta = step.kind === "edit" ? step.delta : noDelta;
  const asset = { ...step.asset, owner };
  const rule = protectedBy(protections, asset);
  if (rule !== undefined) throw protectedError(`step ${step.seq} touches ${described(step.asset)}`, rule);
  const shield = memberProtectedBy(protections, asset, delta);
  if (shield === undefined) return;
  throw protectedError(
    `step ${step.seq} changes the role of ${shield.member} on ${described(step.asset)}`,
    shield.rule,
  );
}

/** Everything the user owns goes: rules about single assets need to be asked of each. */
async function guardTransfer(
  api: Api,
  step: TransferStep,
  protections: readonly Protection[],
  unchecked: readonly Protection[],
): Promise<void> {
  const { email } = step.from;
  const about = `step ${step.seq} moves everything ${email} owns`;
  const mine = (list: readonly Protection[]): readonly Protection[] =>
    list.filter(({ rule, owner }) => rule.member === undefined && (owner === undefined || owner === email));
  const whole = mine(protections).find(({ rule }) => rule.title === undefined && rule.asset === undefined);
  if (whole !== undefined) throw protectedError(about, whole.rule);
  const [first, ...others] = mine(unchecked);
  if (first === undefined) return;
  try {
    for (const assetType of assetTypes) {
      let pageToken: string | undefined;
      do {
        const page = await api.dataStudio.search(email, { assetType, owner: email, trashed: false }, pageToken);
        for (const asset of page.assets) {
          const found = [first, ...others].find((protection) => covers(protection, asset));
          if (found !== undefined) throw protectedError(`${about}, ${described(asset)} among it`, found.rule);
        }
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
    }
  } catch (error) {
    if (!(error instanceof ApiError) || error.disposition === "halt-run") throw error;
    throw new GuardError(
      "protected",
      `${about}, and whether ${first.rule.id} (${placeText(first.rule.place)}) protects any of it cannot be told: ${error.message}`,
      "plan again with the settings in force here: a plan asks everybody who can see an asset",
    );
  }
}

function protectedError(what: string, rule: ProtectRule): GuardError {
  return new GuardError(
    "protected",
    `${what}, which ${rule.id} (${placeText(rule.place)}) protects`,
    `plan again without it, or lift the rule on purpose in ${printable(rule.place.file)}`,
  );
}
