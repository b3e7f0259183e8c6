/** The doctor's checks of the process and its environment: versions, certificates, proxies, and reports of crashes. */
import { X509Certificate } from "node:crypto";
import { readFile, statfs } from "node:fs/promises";
import { sqliteVersion } from "../journal/sqlite/trial.ts";
import type { Check, CheckFinding } from "../model/doctor.ts";
import { advised, failed, passed } from "../model/doctor.ts";
import { driverProblem, driverRemedy, isDriverMissing } from "../model/sqlite-driver.ts";
import { printable, thousands } from "../model/text.ts";
import type { Context } from "./context.ts";

/** What of the machine the checks look at, beside the context; handed in so that tests can hold it. */
export interface Machine {
  readonly nodeVersion: string;
  /** Options of node itself, those of NODE_OPTIONS aside. */
  readonly nodeOptions: readonly string[];
  /** Throws where the driver's binary cannot be loaded. */
  readonly sqliteVersion: () => string;
  readonly platform: NodeJS.Platform;
  readonly statfs: (
    path: string,
  ) => Promise<{ readonly type: number; readonly bavail: number; readonly bsize: number }>;
}

export const thisMachine: Machine = {
  nodeVersion: process.versions.node,
  nodeOptions: process.execArgv,
  sqliteVersion,
  platform: process.platform,
  statfs,
};

const subject = { group: "machine", area: "setup", isNeeded: true, needs: [] } as const;

export function machineChecks(context: Context, machine: Machine): readonly Check[] {
  return [
    { ...subject, id: "node", title: "Node", look: async () => lookNode(machine) },
    { ...subject, id: "sqlite", title: "SQLite", look: async () => lookSqlite(machine) },
    { ...subject, id: "certificate-checks", title: "TLS", look: async () => lookTls(context) },
    { ...subject, id: "certificates", title: "certificates", look: () => lookCertificates(context) },
    { ...subject, id: "proxy", title: "proxy", look: async () => lookProxy(context) },
    { ...subject, id: "crash-reports", title: "crash reports", look: async () => lookReports(context, machine) },
  ];
}

const nodeLeast: readonly [number, number] = [20, 19];

function lookNode({ nodeVersion }: Machine): CheckFinding {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  const isNew = major > nodeLeast[0] || (major === nodeLeast[0] && minor >= nodeLeast[1]);
  if (isNew) return passed(nodeVersion);
  return failed(`${nodeVersion} is too old`, {
    action: `install Node ${nodeLeast.join(".")} or newer`,
    url: "https://nodejs.org",
  });
}

function lookSqlite(machine: Machine): CheckFinding {
  try {
    return passed(machine.sqliteVersion());
  } catch (error) {
    if (!isDriverMissing(error)) throw error;
    return failed(driverProblem, { action: driverRemedy });
  }
}

function lookTls({ env }: Context): CheckFinding {
  if (env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0") return passed("whoever answers must prove who they are");
  return failed(
    "NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check that it is Google who answers: nothing is contacted",
    {
      action: "unset it; for a company's own certificates set NODE_EXTRA_CA_CERTS to the file of its authority",
      command: "unset NODE_TLS_REJECT_UNAUTHORIZED",
    },
  );
}

async function lookCertificates({ env }: Context): Promise<CheckFinding> {
  const file = env["NODE_EXTRA_CA_CERTS"] ?? "";
  if (file === "") return passed("Node's own");
  const fix = { action: "let NODE_EXTRA_CA_CERTS name a file of certificates in PEM form, or unset it" };
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => error);
  const shown = printable(file);
  // Node passes over a file it cannot use, with a warning that is easily missed.
  if (typeof text !== "string")
    return failed(`NODE_EXTRA_CA_CERTS names ${shown}, which cannot be read (${text.code ?? "error"})`, fix);
  const pems = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (pems.length === 0 || !pems.every(isCertificate)) {
    return failed(`NODE_EXTRA_CA_CERTS names ${shown}, which holds no certificates that can be read`, fix);
  }
  return passed(`Node's own, and ${thousands(pems.length)} of ${shown}`);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

const proxyVariables = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];

/** The first variable that names a proxy. Handover looks only at its own setting, whatever it says. */
export function namedProxy({ env }: Context): string | undefined {
  return proxyVariables.find((name) => (env[name] ?? "") !== "");
}

function lookProxy(context: Context): CheckFinding {
  const name = namedProxy(context);
  // Its value may hold a password.
  return passed(
    name === undefined
      ? "none is set; Handover connects directly, or through the proxy of its own settings"
      : `${name} is set and not used: Handover has a setting of its own, HANDOVER_PROXY or proxy: in handover.yaml`,
  );
}

/** What writes memory, environment or command line of the process into files. */
const revealing =
  /^--(?:report-(?:on-fatalerror|uncaught-exception|on-signal)|heapsnapshot-|heap-prof|inspect|abort-on-uncaught-exception)/;

function lookReports({ env }: Context, { nodeOptions }: Machine): CheckFinding {
  const given = [...nodeOptions, ...(env["NODE_OPTIONS"] ?? "").split(/\s+/)].filter((option) =>
    revealing.test(option),
  );
  const [first] = given;
  if (first === undefined) return passed("off");
  const option = printable(first.replace(/=.*/s, ""), 60);
  return advised(`${option} lets a crash, or whoever asks, see environment and memory, access tokens among them`, {
    action: `run handover without ${option}${env["NODE_OPTIONS"]?.includes(option) === true ? " (it stands in NODE_OPTIONS)" : ""}`,
  });
}
