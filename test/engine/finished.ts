/** Runs that have ended, each step as the test says, and Google as a table of what each user may see. */
import { expect } from "vitest";
import type { Surroundings } from "../../src/engine/verbs.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { createMemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { MemoryRun } from "../../src/journal/sqlite/memory.ts";
import type { Api } from "../../src/model/api.ts";
import type { AssetName } from "../../src/model/asset.ts";
import type { Email } from "../../src/model/email.ts";
import type { Permissions } from "../../src/model/permissions.ts";
import type { StepDraft, StepResult } from "../../src/model/step.ts";
import { header, intent } from "../journal/samples.ts";
import { ManualClock } from "../support/clock.ts";
import { no } from "./scripted.ts";

/** A step and how it ended: a result, an intent without one, or nothing at all. */
export type Ended = readonly [StepDraft, StepResult | "in-flight" | "planned"];

/** A run with these steps, numbered from 1; steps that wait for others are named by position. */
export async function finished(...steps: readonly Ended[]): Promise<MemoryRun> {
  const clock = new ManualClock();
  const run = createMemoryRun();
  await run.writer.add(steps.map(([step]) => step));
  const { totals } = header();
  await run.writer.seal(header({ totals: { ...totals, steps: steps.length } }));
  await clock.drive(carryOut(await run.openJournal({ clock }), steps));
  return run;
}

async function carryOut(journal: Journal, steps: readonly Ended[]): Promise<void> {
  for (;;) {
    const claims = await journal.claim({ max: 100, perActor: 100, halted: new Set() });
    if (claims.length === 0) break;
    for (const claim of claims) {
      const [, end] = steps[claim.step.seq - 1] ?? expect.fail();
      if (end === "in-flight") await journal.intent(claim, intent(1));
      if (typeof end === "string") await journal.setAside(claim);
      else await journal.result(claim, end);
    }
  }
  await journal.close();
}

/** What Google answers: permissions by `user asset` or by asset alone, searches by user; all else is refused. */
export interface Sights {
  readonly permissions?: Readonly<Record<string, Permissions | Error>>;
  /** Pages of assets found, each as `[name, owner]`, for reports; data sources are never found. */
  readonly found?: Readonly<Record<string, readonly (readonly (readonly [string, Email])[])[] | Error>>;
}

/** Google behind these sights; `calls` lists what was asked for, as `read <user> <asset>` and `search <user>`. */
export function seeing(
  sights: Sights,
  stop: AbortSignal = new AbortController().signal,
): Surroundings & { readonly calls: string[] } {
  const calls: string[] = [];
  const api = {
    dataStudio: {
      getPermissions: async (actor: Email, name: AssetName) => {
        calls.push(`read ${actor} ${name}`);
        const answer = sights.permissions?.[`${actor} ${name}`] ?? sights.permissions?.[name];
        if (answer === undefined) throw no("refuse", "not-found");
        if (answer instanceof Error) throw answer;
        return answer;
      },
      search: async (
        actor: Email,
        query: { readonly assetType: string; readonly trashed: boolean },
        token?: string,
      ) => {
        expect(query.trashed).toBe(false);
        if (query.assetType !== "REPORT") return { assets: [], nextPageToken: undefined };
        calls.push(`search ${actor}`);
        const pages = sights.found?.[actor];
        if (pages === undefined || pages instanceof Error) throw pages ?? no("refuse", "not-found");
        const page = Number(token ?? 0);
        const assets = (pages[page] ?? []).map(([name, owner]) => ({ name: name as AssetName, owner }));
        return { assets, nextPageToken: page + 1 < pages.length ? String(page + 1) : undefined };
      },
    },
    directory: {
      domains: async () => ({ primary: "acme.example", all: ["acme.example"] }),
    },
    authenticate: async (actor: Email) => {
      const pages = sights.found?.[actor];
      if (pages === undefined || pages instanceof Error) throw pages ?? no("halt-actor", "suspended");
    },
  } as unknown as Api;
  return { api, clock: new ManualClock(), random: () => 0.5, onEvent: () => undefined, stop, calls };
}
