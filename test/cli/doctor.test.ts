/** Broken tenants, machines and files: `handover doctor` names what is broken, and nothing else. */
import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { wallClock } from "../../src/cli/context.ts";
import { allScopes } from "../../src/emulator/front.ts";
import type { FaultRule } from "../../src/emulator/fault-rules.ts";
import type { StartOptions } from "../../src/emulator/start.ts";
import { scopeUses } from "../../src/google/scopes.ts";
import { examined, granted } from "./patient.ts";
import type { Patient, Told } from "./patient.ts";
import { later } from "./scene.ts";

const needed = (name: string): string => `https://www.googleapis.com/auth/${name}`;
const sound = { code: 0, fail: [], unknown: { quota: undefined } } as const;

/** Everything that did not pass: what failed, and what is unknown because of what. */
function trouble({ code, document }: Told): object {
  const unknown = document.checks.filter(({ verdict }) => verdict === "unknown");
  return {
    code,
    fail: document.checks.filter(({ verdict }) => verdict === "fail").map(({ id }) => id),
    unknown: Object.fromEntries(unknown.map(({ id, because }) => [id, because])),
  };
}

function after(root: string, ...ids: readonly string[]): Record<string, string | undefined> {
  return { ...Object.fromEntries(ids.map((id) => [id, root])), quota: undefined };
}

const scopeIds = granted.map((scope) => `scope:${scope.slice(needed("").length)}`);
const rights = [
  "admin-role",
  "right:domains",
  "right:users",
  "right:groups",
  "right:transfers",
  "transfer-application",
];
const afterDelegation = [...scopeIds, "too-wide", "studio-api", "admin-api", ...rights];
const afterSignIn = ["client-id", "delegation", "admin-account", ...afterDelegation];
const afterSettings = ["sign-in", ...afterSignIn];
const dayMs = 86_400_000;

function struck(route: string, fault: FaultRule["fault"]): Partial<StartOptions> {
  return { faults: [{ route, fault }] };
}

const refusal = (status: number, reason: string, message: string): FaultRule["fault"] => ({
  kind: "status",
  status,
  reason,
  message,
});

describe("handover doctor in a sound tenant", () => {
  it("passes everything but what nobody can tell", async () => {
    const told = await examined({});
    expect(trouble(told)).toEqual(sound);
    expect(told.document).toMatchObject({
      type: "doctor",
      version: 1,
      tenant: "acme.example",
      admin: "admin@acme.example",
    });
    expect(told.document.hosts.map(({ origin }) => origin)).toEqual([
      "https://oauth2.googleapis.com",
      "https://datastudio.googleapis.com",
      "https://admin.googleapis.com",
    ]);
    expect(told.document.scopes.every(({ isGranted }) => isGranted)).toBe(true);
  });

  it("asks for less where the credentials are to read alone", async () => {
    const told = await examined({
      tenant: { scopes: scopeUses.filter(({ access }) => access === "read").map(({ scope }) => scope) },
      flags: { readOnly: true },
    });
    expect(trouble(told)).toEqual(sound);
  });
});

const brokenTenants: readonly (readonly [
  name: string,
  patient: Patient,
  expected: {
    readonly code: number;
    readonly fail: readonly string[];
    readonly unknown: Record<string, string | undefined>;
  },
  says: readonly string[],
])[] = [
  [
    "the Data Studio API is disabled",
    { tenant: { switches: { dataStudioApi: "disabled" } } },
    { code: 4, fail: ["studio-api"], unknown: { quota: undefined } },
    ["https://console.cloud.google.com/apis/library/datastudio.googleapis.com?project=handover-emulator"],
  ],
  [
    "the Admin SDK is disabled",
    { tenant: { switches: { adminApi: "disabled" } } },
    { code: 4, fail: ["admin-api"], unknown: after("admin-api", ...rights) },
    ["https://console.cloud.google.com/apis/library/admin.googleapis.com?project=handover-emulator"],
  ],
  [
    "nothing is delegated",
    { tenant: { scopes: [] } },
    { code: 4, fail: ["delegation"], unknown: after("delegation", "admin-account", ...afterDelegation) },
    [
      "https://admin.google.com/ac/owl/domainwidedelegation",
      "104000000000000000001",
      granted.join(","),
      "no consent dialog",
      "compare the number digit by digit",
    ],
  ],
  [
    "one scope is not delegated",
    { tenant: { scopes: granted.filter((scope) => scope !== needed("admin.directory.group.readonly")) } },
    {
      code: 4,
      fail: ["scope:admin.directory.group.readonly"],
      unknown: after("scope:admin.directory.group.readonly", "right:groups"),
    },
    ["add what is missing to the entry of client 104000000000000000001", needed("admin.directory.group.readonly")],
  ],
  [
    "a scope is missing that only an inventory asks for",
    { tenant: { scopes: granted.filter((scope) => scope !== needed("admin.directory.group.member.readonly")) } },
    { code: 0, fail: ["scope:admin.directory.group.member.readonly"], unknown: { quota: undefined } },
    ["for inventory, audit"],
  ],
  [
    "another client than that of the key is delegated",
    {
      breaks: ({ emulator }) => {
        emulator.tokens.delegate("104000000000000000001", []);
        emulator.tokens.delegate("999000000000000000009", granted);
      },
    },
    { code: 4, fail: ["delegation"], unknown: after("delegation", "admin-account", ...afterDelegation) },
    ["client 104000000000000000001 may act for nobody", "unauthorized_client"],
  ],
  [
    "the organisation has not authorised the app (Error 400: invalid_scope)",
    {
      breaks: ({ emulator, admin }) =>
        emulator.setFaults([
          { route: "token", actor: admin, fault: refusal(400, "invalid_scope", "Some requested scopes were invalid.") },
        ]),
    },
    { code: 4, fail: ["delegation"], unknown: after("delegation", "admin-account", ...afterDelegation) },
    ["the organisation has not authorised the app", "invalid_scope"],
  ],
  [
    "the file's client id is not the account's",
    {
      breaks: async (_tenant, folder) => {
        const path = join(folder, "key.json");
        await writeFile(path, (await readFile(path, "utf8")).replace("104000000000000000001", "555000000000000000005"));
      },
    },
    { code: 4, fail: ["client-id"], unknown: { quota: undefined } },
    ["104000000000000000001, and the file says 555000000000000000005"],
  ],
  [
    "the administrator is none",
    { admin: "anna@acme.example" },
    { code: 4, fail: ["admin-role"], unknown: after("admin-role", ...rights.slice(1)) },
    ["anna@acme.example may read nothing in the Directory", "https://admin.google.com/ac/roles"],
  ],
  [
    "the administrator may not read groups",
    { tenant: struck("groups.list", refusal(403, "forbidden", "Not Authorized to access this resource/api")) },
    { code: 4, fail: ["right:groups"], unknown: { quota: undefined } },
    ["Groups > Read"],
  ],
  [
    "the administrator may not transfer data",
    { tenant: struck("datatransfer", refusal(403, "forbidden", "Not Authorized to access this resource/api")) },
    { code: 4, fail: ["right:transfers"], unknown: after("right:transfers", "transfer-application") },
    ["privilege Data Transfer"],
  ],
  [
    "the administrator is suspended",
    { admin: "suspended.sam@acme.example" },
    { code: 4, fail: ["admin-account"], unknown: after("admin-account", "delegation", ...afterDelegation) },
    ["nobody can act as suspended.sam@acme.example", "https://admin.google.com/ac/users"],
  ],
  [
    "the administrator is unknown",
    { admin: "nobody@acme.example" },
    { code: 4, fail: ["admin-account"], unknown: after("admin-account", "delegation", ...afterDelegation) },
    ["there is no user nobody@acme.example"],
  ],
  [
    "the administrator was deleted",
    { admin: "deleted.dora@acme.example" },
    { code: 4, fail: ["admin-account"], unknown: after("admin-account", "delegation", ...afterDelegation) },
    ["deleted.dora@acme.example was deleted"],
  ],
  [
    "the administrator has a personal account",
    { admin: "anna@gmail.com" },
    { code: 4, fail: ["admin"], unknown: after("admin", "delegation", "admin-account", ...afterDelegation) },
    ["Google Workspace or Cloud Identity only"],
  ],
  [
    "the key was deleted at Google",
    {
      breaks: ({ emulator }) =>
        emulator.tokens.register({
          clientEmail: "handover@handover-emulator.iam.gserviceaccount.com",
          clientId: "104000000000000000001",
          projectId: "handover-emulator",
          keyId: "another",
          publicKey: generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey,
        }),
    },
    { code: 4, fail: ["sign-in"], unknown: after("sign-in", ...afterSignIn) },
    ["Invalid JWT Signature", "https://console.cloud.google.com/iam-admin/serviceaccounts?project=handover-emulator"],
  ],
  [
    "Google knows no such service account",
    {
      breaks: async (_tenant, folder) => {
        const path = join(folder, "key.json");
        const text = await readFile(path, "utf8");
        await writeFile(path, text.replaceAll("handover@handover-emulator.iam", "gone@handover-emulator.iam"));
      },
    },
    { code: 4, fail: ["sign-in"], unknown: after("sign-in", ...afterSignIn) },
    ["Google knows no such account"],
  ],
  [
    "the clock is ten minutes ahead",
    { clock: later(600_000) },
    { code: 4, fail: ["clock"], unknown: { ...after("clock", "sign-in", ...afterSignIn) } },
    ["10 min ahead of Google's", "timedatectl set-ntp true"],
  ],
  [
    "the clock is ten minutes behind",
    { clock: later(-600_000) },
    { code: 4, fail: ["clock"], unknown: { quota: undefined } },
    ["10 min behind Google's"],
  ],
  [
    "the clock is two minutes off",
    { clock: later(120_000) },
    { code: 0, fail: ["clock"], unknown: { quota: undefined } },
    ["sign-ins are refused from a few minutes on"],
  ],
  [
    "Data Studio is no transfer application",
    { tenant: { switches: { transferApplication: "absent" } } },
    { code: 5, fail: ["transfer-application"], unknown: { quota: undefined } },
    ["810260081642"],
  ],
  [
    "Data Studio is switched off for the administrator",
    { breaks: ({ emulator, admin }) => void emulator.world.changeUser(admin, { serviceOff: true }) },
    { code: 4, fail: ["studio-api"], unknown: { quota: undefined } },
    ["Data Studio is switched off for admin@acme.example"],
  ],
  [
    "more is granted than is used",
    { tenant: { scopes: allScopes } },
    { code: 4, fail: ["too-wide"], unknown: { quota: undefined } },
    ["admin.directory.user, admin.directory.group", "cloud-platform", "holds these scopes and no others"],
  ],
  [
    "credentials that are to read alone may write",
    { flags: { readOnly: true } },
    { code: 4, fail: ["too-wide"], unknown: { quota: undefined } },
    ["also granted, and never used: datastudio, admin.datatransfer"],
  ],
  [
    "Google asks to slow down",
    { tenant: struck("datastudio", { kind: "status", status: 429, retryAfterS: 90 }) },
    { code: 5, fail: ["quota"], unknown: { "studio-api": "quota" } },
    ["it asks to wait 2 min", "lower --rate"],
  ],
  [
    "the token endpoint asks to slow down",
    { tenant: struck("token", { kind: "quotaText", status: 403 }) },
    { code: 5, fail: ["quota"], unknown: Object.fromEntries(afterSettings.map((id) => [id, "quota"])) },
    ["Request rate higher than configured"],
  ],
  [
    "nobody answers, and a proxy is named",
    { flags: { endpoint: "http://127.0.0.1:9" }, env: { HTTPS_PROXY: "http://me:secret@proxy.example:3128" } },
    {
      code: 5,
      fail: ["reach:oauth2.googleapis.com", "reach:datastudio.googleapis.com", "reach:admin.googleapis.com"],
      unknown: after("reach:oauth2.googleapis.com", "clock", ...afterSettings),
    },
    ["HTTPS_PROXY is set and not used", "ECONNREFUSED"],
  ],
  [
    "who answers does not speak TLS",
    { endpoint: (url) => url.replace("http:", "https:") },
    {
      code: 5,
      fail: ["reach:oauth2.googleapis.com", "reach:datastudio.googleapis.com", "reach:admin.googleapis.com"],
      unknown: after("reach:oauth2.googleapis.com", "clock", ...afterSettings),
    },
    ["ERR_SSL_WRONG_VERSION_NUMBER", "an emulator is named with http://"],
  ],
];

const allOfGoogle = [
  "reach:oauth2.googleapis.com",
  "reach:datastudio.googleapis.com",
  "reach:admin.googleapis.com",
  "clock",
  ...afterSettings,
  "quota",
];

/** Machines and files, with a sound tenant behind them. */
const brokenMachines: typeof brokenTenants = [
  [
    "others can read the key file",
    { breaks: (_tenant, folder) => chmod(join(folder, "key.json"), 0o644) },
    { code: 3, fail: ["key-file"], unknown: after("key-file", "key-age", "credentials", ...afterSettings) },
    ["mode 644", "chmod 600"],
  ],
  [
    "the key file is a link",
    {
      breaks: async (_tenant, folder) => {
        await rename(join(folder, "key.json"), join(folder, "real.json"));
        await symlink("real.json", join(folder, "key.json"));
      },
    },
    { code: 3, fail: ["key-file"], unknown: after("key-file", "key-age", "credentials", ...afterSettings) },
    ["is a symbolic link"],
  ],
  [
    "there is no key file",
    { breaks: (_tenant, folder) => rm(join(folder, "key.json")) },
    { code: 3, fail: ["key-file"], unknown: after("key-file", "key-age", "credentials", ...afterSettings) },
    ["there is no key file"],
  ],
  [
    "the key file is an OAuth client",
    { breaks: (_tenant, folder) => writeFile(join(folder, "key.json"), '{"installed":{}}') },
    { code: 3, fail: ["credentials"], unknown: after("credentials", ...afterSettings) },
    ["is an OAuth client, not a service account's key"],
  ],
  [
    "the key file is a year old",
    {
      breaks: (_tenant, folder) => {
        const then = new Date(wallClock.now() - 365 * dayMs);
        return utimes(join(folder, "key.json"), then, then);
      },
    },
    { code: 0, fail: ["key-age"], unknown: { quota: undefined } },
    ["365 days ago", "every 90 days"],
  ],
  [
    "settings are missing and wrong",
    { flags: { admin: "nobody", rate: 5 } },
    {
      code: 3,
      fail: ["settings"],
      unknown: { ...after("settings", "credentials", "admin", ...allOfGoogle), quota: "settings" },
    },
    ['nobody\\" is not an e-mail address', "handover help settings"],
  ],
  [
    "whoever answers is not checked",
    { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } },
    {
      code: 3,
      fail: ["certificate-checks"],
      unknown: { ...after("certificate-checks", ...allOfGoogle), quota: "certificate-checks", admin: undefined },
    },
    ["NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check", "unset NODE_TLS_REJECT_UNAUTHORIZED"],
  ],
  [
    "NODE_EXTRA_CA_CERTS leads nowhere",
    { env: { NODE_EXTRA_CA_CERTS: "/nowhere/ca.pem" } },
    { code: 3, fail: ["certificates"], unknown: { quota: undefined } },
    ["/nowhere/ca.pem, which cannot be read (ENOENT)"],
  ],
  [
    "crashes are reported with everything",
    { env: { NODE_OPTIONS: "--max-old-space-size=512 --report-on-fatalerror" } },
    { code: 0, fail: ["crash-reports"], unknown: { quota: undefined } },
    ["without --report-on-fatalerror (it stands in NODE_OPTIONS)"],
  ],
  [
    "Node is too old",
    { machine: { nodeVersion: "20.18.3" } },
    { code: 3, fail: ["node"], unknown: { quota: undefined } },
    ["install Node 20.19 or newer"],
  ],
  [
    "SQLite's driver came without its install script",
    {
      machine: {
        sqliteVersion: () => {
          throw new Error("Could not locate the bindings file. Tried:\n -> /lib/node_modules/better-sqlite3");
        },
      },
    },
    { code: 3, fail: ["sqlite"], unknown: { quota: undefined } },
    ["npm install --global --allow-scripts=better-sqlite3"],
  ],
  [
    "runs lie on a network share",
    { machine: { statfs: async () => ({ type: 0x6969, bavail: 1e9, bsize: 4096 }) } },
    { code: 3, fail: ["folder-disk"], unknown: after("folder-disk", "folder-trial") },
    ["a network share (NFS)"],
  ],
  [
    "runs lie in memory",
    { machine: { statfs: async () => ({ type: 0x01021994, bavail: 1e9, bsize: 4096 }) } },
    { code: 0, fail: ["folder-disk"], unknown: { quota: undefined } },
    ["goes with the machine or the container (tmpfs)"],
  ],
  [
    "runs lie in a folder of OneDrive",
    { cwd: "OneDrive - Acme/handover" },
    { code: 3, fail: ["folder-sync"], unknown: { quota: undefined } },
    ["a folder of OneDrive"],
  ],
  [
    "runs lie below a folder that Dropbox has marked",
    {
      cwd: "shared/runs",
      breaks: async (_tenant, folder) => {
        await mkdir(join(folder, "shared"));
        await writeFile(join(folder, "shared", ".dropbox"), "");
      },
    },
    { code: 3, fail: ["folder-sync"], unknown: { quota: undefined } },
    ["a folder of Dropbox"],
  ],
  [
    "the disk is nearly full",
    { machine: { statfs: async () => ({ type: 0xef53, bavail: 100, bsize: 4096 }) } },
    { code: 3, fail: ["folder-room"], unknown: { quota: undefined } },
    ["0 MiB free, and a run with its log may need 256 MiB"],
  ],
];

describe("handover doctor names what is broken, and nothing else, where", () => {
  it.each([...brokenTenants, ...brokenMachines])("%s", async (_name, patient, expected, says) => {
    const told = await examined(patient);
    expect(trouble(told)).toEqual(expected);
    const text = JSON.stringify(told.document);
    for (const words of says) expect(text).toContain(words);
    expect(text).not.toContain("secret");
  });
});
