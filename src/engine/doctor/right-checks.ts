/** What the administrator may do with what was granted: the two APIs, the Directory, and Data Transfer. */
import { dataStudioScopes, dataTransferScopes, directoryScopeOf } from "../../google/scopes.ts";
import type { Check, CheckFinding, Verdict } from "../../model/doctor.ts";
import { failed, passed, unknownBecause } from "../../model/doctor.ts";
import type { Domain } from "../../model/email.ts";
import { ApiError } from "../../model/errors.ts";
import { enableFix, projectOf, rolesFix, serviceFix } from "./consoles.ts";
import { scopeId } from "./grant-checks.ts";
import { reachId } from "./network-checks.ts";
import { once, troubled } from "./side.ts";
import type { GoogleSide } from "./side.ts";

/** A call that was made, and what came of it. */
type Tried = { readonly ok: true } | { readonly ok: false; readonly error: unknown };

interface Directory {
  readonly kind: "domain" | "user" | "group";
  readonly call: () => Promise<Tried>;
}

export interface RightChecks {
  readonly checks: readonly Check[];
  /** The organisation's primary domain, where it could be read. */
  readonly tenant: () => Domain | undefined;
}

export function rightChecks(side: () => GoogleSide): RightChecks {
  let tenant: Domain | undefined;
  const directory: readonly Directory[] = [
    {
      kind: "domain",
      call: once(() =>
        tried(async () => {
          tenant = await side().probe.domains();
        }),
      ),
    },
    { kind: "user", call: once(() => tried(() => side().probe.users())) },
    { kind: "group", call: once(() => tried(() => side().probe.groups())) },
  ];
  const directoryIds = directory.map(({ kind }) => scopeId(directoryScopeOf(kind)));
  const offers = once(() => side().probe.offersTransfer());
  const transferScope = scopeId(dataTransferScopes.read);
  const common = { area: "access", isNeeded: true } as const;

  const checks: Check[] = [
    {
      ...common,
      id: "studio-api",
      group: "services",
      title: "Data Studio API",
      needs: [scopeId(dataStudioScopes.read), reachId("data-studio")],
      look: () => lookStudio(side()),
    },
    {
      ...common,
      id: "admin-api",
      group: "services",
      title: "Admin SDK API",
      needs: ["delegation", "admin-account", reachId("directory")],
      after: directoryIds,
      look: async (verdictOf) => lookAdminApi(side(), await triable(directory, verdictOf), directoryIds),
    },
    {
      ...common,
      id: "admin-role",
      group: "rights",
      title: "an administrator",
      needs: ["admin-api"],
      after: directoryIds,
      look: async (verdictOf) => lookRole(side(), await triable(directory, verdictOf)),
    },
    ...directory.map(({ kind, call }): Check => ({
      ...common,
      id: `right:${kind}s`,
      group: "rights",
      title: `read ${kind}s`,
      needs: [scopeId(directoryScopeOf(kind)), "admin-role"],
      look: async () => lookRight(side(), `${kind}s`, await call()),
    })),
    {
      ...common,
      id: "right:transfers",
      group: "rights",
      title: "data transfers",
      needs: [transferScope, "admin-role"],
      look: () => lookTransferRight(side(), offers),
    },
    {
      ...common,
      area: "other",
      id: "transfer-application",
      group: "services",
      title: "transfer application",
      needs: ["right:transfers"],
      look: async () => lookApplication(await offers()),
    },
  ];
  return { checks, tenant: () => tenant };
}

async function tried(call: () => Promise<void>): Promise<Tried> {
  try {
    await call();
    return { ok: true };
  } catch (error) {
    return { ok: false, error };
  }
}

/** The Directory calls whose scope was granted, made. */
function triable(directory: readonly Directory[], verdictOf: (id: string) => Verdict): Promise<readonly Tried[]> {
  const possible = directory.filter(({ kind }) => verdictOf(scopeId(directoryScopeOf(kind))) === "pass");
  return Promise.all(possible.map(({ call }) => call()));
}

async function projectFor(side: GoogleSide): Promise<string | undefined> {
  return projectOf((await side.caller()).identity);
}

async function lookStudio(side: GoogleSide): Promise<CheckFinding> {
  const project = await projectFor(side);
  try {
    await side.probe.search();
    return passed("enabled; a search is answered");
  } catch (error) {
    return troubled(error, side, ({ failure, message }) => {
      switch (failure) {
        case "service-disabled":
          return failed(message, enableFix("datastudio.googleapis.com", project));
        case "failed-precondition":
          return failed(
            `Data Studio is switched off for ${side.admin}: ${message}`,
            serviceFix("turn Data Studio (Looker Studio) on for the people whose assets are to be read"),
          );
        default:
          return failed(`a search as ${side.admin} is refused: ${message}`, {
            action: "check that the key's Cloud project is in good standing, and belongs to the organisation",
          });
      }
    });
  }
}

function errorsOf(calls: readonly Tried[]): readonly unknown[] {
  return calls.flatMap((call) => (call.ok ? [] : [call.error]));
}

function isOf(error: unknown, ...failures: readonly string[]): error is ApiError {
  return error instanceof ApiError && failures.includes(error.failure);
}

async function lookAdminApi(
  side: GoogleSide,
  calls: readonly Tried[],
  scopeIds: readonly string[],
): Promise<CheckFinding> {
  if (calls.length === 0) return unknownBecause(scopeIds[0] ?? "delegation");
  const errors = errorsOf(calls);
  const disabled = errors.find((error) => isOf(error, "service-disabled"));
  if (disabled !== undefined) {
    const project = await projectFor(side);
    return troubled(disabled, side, ({ message }) => failed(message, enableFix("admin.googleapis.com", project)));
  }
  // Whoever is told "you may not" was told so by an API that is there.
  const isThere = calls.some(({ ok }) => ok) || errors.some((error) => isOf(error, "permission-denied", "not-found"));
  if (isThere) return passed("enabled; the Directory answers");
  return troubled(errors[0], side, ({ message }) =>
    failed(`the Directory refuses: ${message}`, {
      action: "check that the key's Cloud project is in good standing, and belongs to the organisation",
    }),
  );
}

function lookRole(side: GoogleSide, calls: readonly Tried[]): CheckFinding {
  if (calls.some(({ ok }) => ok)) return passed(`${side.admin} reads the Directory`);
  const errors = errorsOf(calls);
  const other = errors.find((error) => !isOf(error, "permission-denied", "not-found"));
  const refusal = other ?? errors[0];
  return troubled(refusal, side, ({ message }) =>
    failed(
      `${side.admin} may read nothing in the Directory, and so is no administrator: ${message}`,
      rolesFix(
        "give that user a role with Users > Read, Groups > Read, Domain settings and Data Transfer; or name an administrator with --admin",
      ),
    ),
  );
}

const privileges: ReadonlyMap<string, string> = new Map([
  ["users", "Admin API privileges > Users > Read"],
  ["groups", "Admin API privileges > Groups > Read"],
  ["domains", "Admin API privileges > Domain management"],
]);

function lookRight(side: GoogleSide, what: string, call: Tried): CheckFinding {
  if (call.ok) return passed(`${side.admin} may`);
  return troubled(call.error, side, ({ message }) =>
    failed(
      `${side.admin} may not read ${what}: ${message}`,
      rolesFix(`give a role of that user the privilege ${privileges.get(what) ?? what}`),
    ),
  );
}

async function lookTransferRight(side: GoogleSide, offers: () => Promise<boolean>): Promise<CheckFinding> {
  try {
    await offers();
    return passed(`${side.admin} may`);
  } catch (error) {
    const project = await projectFor(side);
    return troubled(error, side, ({ failure, message }) =>
      failure === "service-disabled"
        ? failed(message, enableFix("admin.googleapis.com", project))
        : failed(
            `${side.admin} may not transfer data: ${message}`,
            rolesFix(
              "give a role of that user the privilege Data Transfer (Admin console privileges); whole-user transfers need it",
            ),
          ),
    );
  }
}

function lookApplication(isOffered: boolean): CheckFinding {
  if (isOffered) return passed("Data Studio is offered, as 810260081642");
  return failed(
    "Data Studio (810260081642) is not among the applications whose data can be transferred: no whole-user transfer can be made",
    serviceFix("turn Data Studio (Looker Studio) on for the organisation; until then, ownership moves by hand only"),
  );
}
