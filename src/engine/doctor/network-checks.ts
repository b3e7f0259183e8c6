/** Whether Google is reached from here, whether both agree on what time it is, and how much it lets us ask. */
import { adminOrigin, dataStudioOrigin, iamOrigin, tokenOrigin } from "../../google/route.ts";
import type { Service } from "../../google/exchange.ts";
import type { Check, CheckFinding, ContactedHost, Fix } from "../../model/doctor.ts";
import { advised, failed, passed, unknown, unknownBecause } from "../../model/doctor.ts";
import { ApiError } from "../../model/errors.ts";
import { counted } from "../../model/text.ts";
import { durationText } from "../../report/words.ts";
import { projectOf, quotaFix } from "./consoles.ts";
import type { CredentialsMode, GoogleSide } from "./side.ts";

interface Host {
  readonly origin: string;
  readonly service: Service;
  readonly purpose: string;
}

const hosts: readonly Host[] = [
  { origin: tokenOrigin, service: "token", purpose: "access tokens" },
  { origin: dataStudioOrigin, service: "data-studio", purpose: "assets and their permissions" },
  { origin: adminOrigin, service: "directory", purpose: "people, domains, transfers" },
];

const signing: Host = { origin: iamOrigin, service: "iam", purpose: "signing without a key" };

function hostsOf(mode: CredentialsMode): readonly Host[] {
  return mode === "keyless" ? [...hosts, signing] : hosts;
}

/** Every host that any verb contacts; `besides` are those that the credentials name, which nothing stands in for. */
export function contactedHosts(
  mode: CredentialsMode,
  endpoint: string | undefined,
  besides: Iterable<string>,
): readonly ContactedHost[] {
  return [
    ...hostsOf(mode).map(({ origin, purpose }) => ({ origin, purpose, via: endpoint })),
    ...Array.from(besides, (origin) => ({ origin, purpose: "proof of who is calling", via: undefined })),
  ];
}

/** The hosts that other checks rest on. */
type ReachedService = "token" | "data-studio" | "directory" | "iam";

const origins: Readonly<Record<ReachedService, string>> = {
  token: tokenOrigin,
  "data-studio": dataStudioOrigin,
  directory: adminOrigin,
  iam: iamOrigin,
};

export function reachId(service: ReachedService): string {
  return `reach:${new URL(origins[service]).hostname}`;
}

export function reachChecks(side: () => GoogleSide, mode: CredentialsMode): readonly Check[] {
  return hostsOf(mode).map(({ origin, service, purpose }) => ({
    id: `reach:${new URL(origin).hostname}`,
    group: "network",
    area: "other",
    title: new URL(origin).hostname,
    isNeeded: true,
    needs: ["settings", "certificate-checks"],
    look: () => lookReach(side(), origin, service, purpose),
  }));
}

async function lookReach(side: GoogleSide, origin: string, service: Service, purpose: string): Promise<CheckFinding> {
  const where = side.endpoint === undefined ? "" : ` at ${side.endpoint}, which stands in for it`;
  try {
    const status = await side.probe.reach(origin, service);
    return status >= 500
      ? unknown(`answers with ${status}${where}: it is ill, or a proxy is in between`, { action: "try again later" })
      : passed(`reached, for ${purpose}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return failed(`${error.message}${where}`, reachFix(side, origin, error));
  }
}

function reachFix(side: GoogleSide, origin: string, error: ApiError): Fix {
  if (error.failure === "untrusted-server") {
    return {
      action:
        side.endpoint === undefined
          ? "whoever answers cannot prove to be Google: where your network inspects TLS, set NODE_EXTRA_CA_CERTS to the file of its certificate authority"
          : "whoever answers does not speak TLS, or cannot prove who it is: an emulator is named with http://",
    };
  }
  if (side.endpoint !== undefined)
    return { action: "start what --endpoint names, or leave the setting out to ask Google itself" };
  if (side.unusedProxy !== undefined) {
    return {
      action: `${side.unusedProxy} is set, which Handover does not read: name the proxy with HANDOVER_PROXY or proxy: in handover.yaml; or let this machine reach ${new URL(origin).hostname}:443 directly`,
    };
  }
  return { action: `let this machine reach ${new URL(origin).hostname}:443 (firewall, DNS)` };
}

/** From here on the skew is named, ms. */
const skewNotedMs = 60_000;
/** From here on sign-ins fail: Google takes statements that are a few minutes old or early, and not more. */
const skewRefusedMs = 240_000;

export function clockCheck(side: () => GoogleSide): Check {
  return {
    id: "clock",
    group: "network",
    area: "access",
    title: "clock",
    isNeeded: true,
    needs: ["settings", "certificate-checks"],
    after: hosts.map(({ origin }) => `reach:${new URL(origin).hostname}`),
    look: async (verdictOf) => lookClock(side(), verdictOf(reachId("token")) === "fail"),
  };
}

function lookClock(side: GoogleSide, isUnreached: boolean): CheckFinding {
  const seen = side.observations.clock();
  if (seen === undefined) {
    return isUnreached
      ? unknownBecause(reachId("token"))
      : unknown("no answer says what time it is there", { action: "compare this machine's clock by hand" });
  }
  const off = Math.max(0, Math.abs(seen.skewMs) - seen.withinMs);
  if (off < 2000) return passed("agrees with Google's");
  const by = `${durationText(Math.abs(seen.skewMs))} ${seen.skewMs < 0 ? "behind" : "ahead of"} Google's`;
  const fix = { action: "set this machine's clock, and let it be set by itself", command: "timedatectl set-ntp true" };
  if (off >= skewRefusedMs) return failed(`${by}; a few minutes are the most a sign-in may be off`, fix);
  if (off >= skewNotedMs) return advised(`${by}; sign-ins are refused from a few minutes on`, fix);
  return passed(`${by}, which does no harm`);
}

/** Looked at last, because every call made before tells something. `all` are the other checks that ask Google. */
export function quotaCheck(side: () => GoogleSide, all: readonly string[]): Check {
  return {
    id: "quota",
    group: "services",
    area: "other",
    title: "quota headroom",
    isNeeded: false,
    needs: ["settings", "certificate-checks"],
    after: all,
    look: async () => lookQuota(side()),
  };
}

async function lookQuota(side: GoogleSide): Promise<CheckFinding> {
  const project = projectOf((await side.caller().catch(() => undefined))?.identity);
  const [throttle] = side.throttles;
  if (throttle !== undefined) {
    return failed(
      `slowed down ${counted(side.throttles.length, "time")}: ${throttle}`,
      quotaFix(project, "wait, then work with a lower --rate; or ask for more quota. Another tool may be using it up"),
    );
  }
  const answers = side.observations.answers();
  if (answers === 0) return unknown("no answer came that could tell");
  const fields = side.observations.quotaFields();
  if (fields.length > 0) return passed(`nothing refused in ${counted(answers, "answer")}; ${fields.join(", ")}`);
  const rate =
    side.rate === undefined ? "starts at 5 calls a second and learns" : `at most ${side.rate} calls a second`;
  return unknown(
    `nothing refused in ${counted(answers, "answer")}, and Google publishes no figures; ${rate}`,
    quotaFix(project, "the project's own limits, and how much of them is used, stand here"),
  );
}
