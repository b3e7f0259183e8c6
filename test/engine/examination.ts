/** The checks of `doctor` that ask Google, made against a Google in a few words: whatever a test does not name is permitted. */
import { examine } from "../../src/engine/doctor/examine.ts";
import { grantChecks } from "../../src/engine/doctor/grant-checks.ts";
import { clockCheck, quotaCheck, reachChecks } from "../../src/engine/doctor/network-checks.ts";
import { rightChecks } from "../../src/engine/doctor/right-checks.ts";
import type { CallerFacts, CredentialsMode, GoogleSide } from "../../src/engine/doctor/side.ts";
import { observed } from "../../src/google/observed.ts";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import { Probe } from "../../src/google/probe.ts";
import { scopeUses } from "../../src/google/scopes.ts";
import type { Access } from "../../src/google/scopes.ts";
import type { Check, CheckFinding, CheckResult, ScopeNeed } from "../../src/model/doctor.ts";
import { passed } from "../../src/model/doctor.ts";
import type { Email } from "../../src/model/email.ts";
import { ApiError } from "../../src/model/errors.ts";
import type { Disposition, FailureClass } from "../../src/model/errors.ts";
import { admin, email, scripted } from "../google/scripted.ts";
import type { Reply } from "../google/scripted.ts";
import { ManualClock, startOfTest } from "../support/clock.ts";

export const robot: Email = email("robot@acme-movers.iam.gserviceaccount.com");
export const clientId = "104000000000000000001";
export const scopesInUse: readonly string[] = scopeUses.map(({ scope }) => scope);

/** What differs from a sound tenant, asked with the key of `robot` for everything that is used. */
export interface Broken {
  readonly mode?: CredentialsMode;
  readonly access?: Access;
  readonly caller?: Partial<CallerFacts>;
  readonly side?: Partial<GoogleSide>;
  /** The answer to a request, by its address; undefined: as in a sound tenant. */
  readonly answers?: (url: string) => Reply | undefined;
  /** Why there is no token; undefined: there is one. What is used is granted, and nothing else, unless told. */
  readonly refuses?: (actor: string, scope: string) => Error | undefined;
  /** What a token says of itself. */
  readonly facts?: { readonly azp?: string | undefined; readonly aud?: string; readonly scope?: string };
  /** Stands in the place of the checks of the machine. */
  readonly given?: Readonly<Record<string, CheckFinding>>;
  /** How far this machine is ahead of Google; no date comes with answers where it is `undateable`. */
  readonly aheadMs?: number | "undateable";
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Examined {
  readonly results: readonly CheckResult[];
  /** What did not pass: `fail`, `advice`, `unknown`, or the check whose failure it follows from. */
  readonly wrong: Readonly<Record<string, string>>;
  readonly needs: readonly ScopeNeed[];
  readonly tenant: string | undefined;
  /** Every token asked for, `actor scope`. */
  readonly asked: readonly string[];
  readonly sent: readonly string[];
  readonly of: (id: string) => CheckResult;
}

export function refusal(failure: FailureClass, disposition: Disposition = "halt-run", more: object = {}): ApiError {
  return new ApiError(`${failure}: in Google's words`, { ...more, disposition, failure });
}

/** An answer that refuses, as the APIs write it. */
export function refused(status: number, reason: string, message = "in Google's words"): Reply {
  return { status, body: { error: { code: status, message, errors: [{ reason, message }] } } };
}

const bodies: readonly (readonly [part: string, body: object])[] = [
  ["/domains?", { domains: [{ domainName: "side.example" }, { domainName: "acme.example", isPrimary: true }] }],
  ["/applications?", { applications: [{ id: "1" }, { id: "810260081642" }] }],
];

export async function examined(broken: Broken = {}): Promise<Examined> {
  const { mode = "key", access = "write", answers, aheadMs = 0 } = broken;
  const clock = new ManualClock();
  const date = aheadMs === "undateable" ? {} : { date: new Date(startOfTest - aheadMs).toUTCString() };
  const google = scripted(({ url }) => {
    const reply = answers?.(url) ?? soundAnswer(url, broken);
    return reply instanceof Error ? reply : { ...reply, headers: { ...date, ...broken.headers, ...reply.headers } };
  });
  const observations = observed(google.exchange, clock);
  const asked: string[] = [];
  const probe = new Probe({
    exchange: observations.exchange,
    asking: () => async (actor, scope) => {
      asked.push(`${actor} ${scope}`);
      const error = broken.refuses === undefined ? unusedRefused(scope) : broken.refuses(actor, scope);
      if (error !== undefined) throw error;
      return { token: "token", lifetimeMs: Infinity, askedAt: 0 };
    },
    admin,
    pacer: new Pacer(clock, noRates),
    clock,
    random: () => 0.5,
    timeoutMs: 8000,
    stop: new AbortController().signal,
    onCall: () => undefined,
  });
  const side: GoogleSide = {
    probe,
    observations,
    caller: async () => ({ mode, identity: robot, clientId, onlyActor: undefined, ...broken.caller }),
    admin,
    access,
    rate: undefined,
    endpoint: undefined,
    unusedProxy: undefined,
    throttles: [],
    ...broken.side,
  };
  const look = (): GoogleSide => side;
  const grants = grantChecks(look, access, mode);
  const rights = rightChecks(look);
  const machine = ["settings", "certificate-checks", "credentials"].map((id) => given(id, broken.given?.[id]));
  const checks = [...machine, ...reachChecks(look, mode), clockCheck(look), ...grants.checks, ...rights.checks];
  const all = [
    ...checks,
    quotaCheck(
      look,
      checks.map(({ id }) => id),
    ),
  ];
  const results = await clock.drive(examine(all, { clock, checkMs: 10_000, totalMs: 60_000 }));
  return {
    results,
    wrong: Object.fromEntries(results.filter(({ verdict }) => verdict !== "pass").map((one) => [one.id, shortly(one)])),
    needs: grants.needs(),
    tenant: rights.tenant(),
    asked,
    sent: google.sent.map(({ url }) => url),
    of: (id) => {
      const result = results.find((each) => each.id === id);
      if (result === undefined) throw new Error(`no check ${id}`);
      return result;
    },
  };
}

function soundAnswer(url: string, { facts }: Broken): Reply {
  if (url.includes("/tokeninfo")) return { body: { azp: clientId, scope: scopesInUse.join(" "), ...facts } };
  return { body: bodies.find(([part]) => url.includes(part))?.[1] ?? {} };
}

function unusedRefused(scope: string): ApiError | undefined {
  return scopesInUse.includes(scope) ? undefined : refusal("unauthorized-client");
}

function given(id: string, finding: CheckFinding = passed("given")): Check {
  const common = { group: "machine", area: "setup", isNeeded: true, needs: [] } as const;
  return { ...common, id, title: id, look: async () => finding };
}

function shortly({ verdict, because, isAdvice }: CheckResult): string {
  return because ?? (isAdvice === true ? "advice" : verdict);
}
