/** Profiles and ways to authenticate in settings: which one counts, and what is wrong with those that cannot be used. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { resolveAccess, resolveSettings } from "../../src/cli/config.ts";
import type { GoogleFlags } from "../../src/cli/flags.ts";
import { world } from "./world.ts";
import type { World } from "./world.ts";

const here = "handover.yaml";
const user = "home/.config/handover/config.yaml";
const none: GoogleFlags = { color: true };
const robot = "handover@acme-tools.iam.gserviceaccount.com";

async function withFiles(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  mode = 0o600,
): Promise<World> {
  const made = await world({ env });
  for (const [name, text] of Object.entries(files)) {
    const path = join(made.folder, name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text);
    await chmod(path, mode);
  }
  return made;
}

const two = `
admin: top@acme.example
key: top.json
rate: 5
profiles:
  acme: { admin: admin@acme.example, key: acme.json, rate: 8/s }
  globex:
    admin: admin@globex.example
    auth: { mode: keyless, service_account: ${robot} }
    actor_rate: 2
`;

describe("a profile", () => {
  it.each<[string, GoogleFlags, Record<string, string>, string, string, string | undefined]>([
    ["none: the top of the file", none, {}, two, "top@acme.example", undefined],
    ["by the file", none, {}, `profile: acme\n${two}`, "admin@acme.example", "handover.yaml:1:1"],
    [
      "by the environment",
      none,
      { HANDOVER_PROFILE: "globex" },
      `profile: acme\n${two}`,
      "admin@globex.example",
      "HANDOVER_PROFILE",
    ],
    [
      "by a flag",
      { color: true, profile: "acme" },
      { HANDOVER_PROFILE: "globex" },
      two,
      "admin@acme.example",
      "--profile",
    ],
  ])("is chosen %s", async (_name, flags, env, text, admin, from) => {
    const { context } = await withFiles({ [here]: text }, env);
    const settings = await resolveSettings(context, flags);
    expect(settings.admin).toBe(admin);
    expect(settings.profile?.from).toBe(from);
  });

  it("counts for more than the top of its file and the user's own file, and for less than flags and variables", async () => {
    const own = "endpoint: http://127.0.0.1:1\nactor_rate: 9\nprofiles: { acme: { log_file: own.log, rate: 1 } }";
    const { context, folder } = await withFiles({ [here]: two, [user]: own }, { HANDOVER_RATE: "3" });
    const settings = await resolveSettings(context, { color: true, profile: "acme", actorRate: 4 });
    expect(settings).toMatchObject({
      admin: "admin@acme.example",
      auth: { mode: "key", keyFile: join(folder, "acme.json"), from: "handover.yaml:6:38" },
      rate: 3,
      actorRate: 4,
      endpoint: "http://127.0.0.1:1",
      logFile: join(folder, "home/.config/handover/own.log"),
    });
    expect(Object.fromEntries(settings.from)).toEqual({
      endpoint: `${join(folder, user)}:1:1`,
      key: "handover.yaml:6:38",
      admin: "handover.yaml:6:11",
      rate: "HANDOVER_RATE",
      actor_rate: "--actor-rate",
      log_file: `${join(folder, user)}:3:21`,
    });
  });

  it("can tighten the guards of its file, and says where each was set", async () => {
    const text = `${two}\nlimits: { changes: 500, new_public: 3 }\n`.replace(
      "rate: 8/s }",
      "rate: 8/s, limits: { changes: 50, new_public: 9 } }",
    );
    const { context } = await withFiles({ [here]: text });
    const { guards } = await resolveSettings(context, { color: true, profile: "acme" });
    expect(guards.limits.changes).toMatchObject({
      value: 50,
      from: expect.stringMatching(/^handover.yaml:6:/) as string,
    });
    expect(guards.limits.newPublic).toMatchObject({ value: 3 });
  });

  it.each<[string, string, GoogleFlags, RegExp]>([
    [
      "that does not exist",
      two,
      { color: true, profile: "acne" },
      /^--profile: there is no profile "acne"; there are acme, globex$/,
    ],
    ["where there are none", "admin: a@b.example", { color: true, profile: "x" }, /no profile "x"; none is written/],
    ["by default that does not exist", `profile: x\n${two}`, none, /handover\.yaml:1:1: there is no profile "x"/],
    [
      "with an unknown setting",
      two.replace("rate: 8/s", "rat: 8"),
      none,
      /handover\.yaml:6:54: there is no setting "rat" in the profile acme; known are endpoint/,
    ],
    [
      "with an unknown setting of auth",
      two.replace("mode: keyless", "mod: keyless"),
      none,
      /handover\.yaml:9:13: there is no setting "mod" in the profile globex under auth; known are mode, key/,
    ],
    [
      "with a profile in it",
      two.replace("rate: 8/s", "profiles: {}"),
      none,
      /there is no setting "profiles" in the profile acme/,
    ],
    ["that is a text", "profiles: { acme: yes }", none, /handover\.yaml:1:13: the profile acme must hold settings/],
    ["in a list", "profiles: [acme]", none, /handover\.yaml:1:1: profiles must be names with settings/],
    ["with a name of other letters", "profiles: { 'a b': { rate: 1 } }", none, /"a b" is not a name for a profile/],
    ["named like nothing else", "profiles: { __proto__: { rat: 1 } }", none, /"__proto__" is not a name for a profile/],
    [
      "with a wrong guard",
      "profiles: { acme: { limits: { changes: many } } }",
      none,
      /handover\.yaml:1:40: .*whole number/,
    ],
  ])("%s is refused with its place", async (_name, text, flags, problem) => {
    const { context } = await withFiles({ [here]: text }, { HANDOVER_ADMIN: "a@acme.example", HANDOVER_KEY: "k.json" });
    await expect(resolveSettings(context, flags)).rejects.toThrow(problem);
  });
});

describe("the way to authenticate", () => {
  it.each<[string, GoogleFlags, Record<string, string>, string, object]>([
    ["by a key", none, {}, "key: k.json", { mode: "key", from: "handover.yaml:1:1" }],
    ["by a key inside auth:", none, {}, "auth: { key: k.json }", { mode: "key", from: "handover.yaml:1:9" }],
    ["without a key", none, {}, `service_account: ${robot}`, { mode: "keyless", serviceAccount: robot }],
    ["as a person", none, {}, "oauth_client: c.json", { mode: "oauth" }],
    [
      "by a command in one text",
      none,
      {},
      "token_command: gcloud auth 'print it'",
      { command: ["gcloud", "auth", "print it"] },
    ],
    ["by a command in words", none, {}, 'token_command: [a, "b c", "$(d)"]', { command: ["a", "b c", "$(d)"] }],
    [
      "by a command for one person",
      none,
      {},
      "token_command: [a]\ntoken_actor: Anna@acme.example",
      { mode: "token", actor: "anna@acme.example" },
    ],
    [
      "by the nearest place that says anything",
      { color: true, key: "flag.json" },
      { HANDOVER_SERVICE_ACCOUNT: robot },
      "auth: token\ntoken_command: x",
      { mode: "key", from: "--key" },
    ],
    [
      "by the name of the mode, where several are set",
      none,
      { HANDOVER_AUTH: "keyless" },
      `key: k.json\nservice_account: ${robot}`,
      { mode: "keyless", from: "HANDOVER_AUTH" },
    ],
  ])("is %s", async (_name, flags, env, text, auth) => {
    const { context } = await withFiles({ [here]: text }, env);
    expect((await resolveAccess(context, flags)).auth).toMatchObject(auth);
  });

  it.each<[string, string, RegExp]>([
    [
      "two at once",
      `key: k\nservice_account: ${robot}`,
      /handover\.yaml:1:1: key and service_account \(handover\.yaml:2:1\) are different ways/,
    ],
    ["the same twice", "key: k\nauth: { key: l }", /handover\.yaml:2:9: key is given already at handover\.yaml:1:1/],
    ["an unknown mode", "auth: magic", /handover\.yaml:1:1: "magic" is no way to authenticate; write key, keyless/],
    ["a mode that is a number", "auth: 7", /handover\.yaml:1:1: auth must be key, keyless, oauth or token/],
    ["keyless without an account", "auth: keyless", /handover\.yaml:1:1: keyless needs the service account/],
    ["an account that is a person", "service_account: anna@acme.example", /is not a service account's address/],
    ["sign-in without a client", "auth: oauth", /sign-in needs an OAuth client/],
    ["a command that is missing", "auth: { mode: token }", /handover\.yaml:1:9: tokens by a command need one/],
    ["a quote that is not closed", `token_command: "a 'b"`, /quote that is not closed/],
    ["a command of numbers", "token_command: [1, 2]", /token_command must be a command/],
    ["an empty command", "token_command: []", /token_command must be a command/],
    ["a person that is none", "token_command: x\ntoken_actor: anna", /handover\.yaml:2:1: "anna" is not an address/],
    ["none at all", "admin: a@acme.example", /no service-account key is given.*--service-account, --oauth-client/],
  ])("%s is refused with its place", async (_name, text, problem) => {
    const { context } = await withFiles({ [here]: text });
    await expect(resolveAccess(context, none)).rejects.toThrow(problem);
  });

  it("may not be a command where the group can write", async () => {
    const { context } = await withFiles({ [here]: "profiles: { a: { token_command: x }, b: { key: k } }" }, {}, 0o660);
    await expect(resolveAccess(context, { color: true, profile: "b" })).rejects.toThrow(
      /handover\.yaml:1:18: names a command in a file that your group can change; chmod g-w/,
    );
  });

  it("of one person makes them the administrator, and nobody else can be", async () => {
    const { context } = await withFiles({ [here]: "token_command: x\ntoken_actor: anna@acme.example" });
    expect((await resolveSettings(context, none)).admin).toBe("anna@acme.example");
    await expect(resolveSettings(context, { color: true, admin: "boss@acme.example" })).rejects.toThrow(
      /^--admin: boss@acme\.example cannot be acted as: these credentials are anna@acme\.example's/,
    );
  });
});
