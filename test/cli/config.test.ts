import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { resolveSettings } from "../../src/cli/config.ts";
import type { GoogleFlags } from "../../src/cli/flags.ts";
import { world } from "./world.ts";
import type { World } from "./world.ts";

async function withFiles(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<World> {
  const made = await world({ env });
  for (const [name, text] of Object.entries(files)) {
    const path = join(made.folder, name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text, { mode: 0o600 });
  }
  return made;
}

const flags: GoogleFlags = { color: true };
const here = "handover.yaml";
const user = "home/.config/handover/config.yaml";

describe("each setting comes from the first place that has it", () => {
  it.each<[string, GoogleFlags, Record<string, string>, Record<string, string>, string]>([
    ["flag", { color: true, admin: "flag@acme.example" }, { HANDOVER_ADMIN: "env@acme.example" }, {}, "flag"],
    ["environment", flags, { HANDOVER_ADMIN: "env@acme.example" }, { [here]: "admin: here@acme.example" }, "env"],
    ["handover.yaml", flags, {}, { [here]: "admin: here@acme.example", [user]: "admin: user@acme.example" }, "here"],
    ["the user's own file", flags, {}, { [user]: "admin: user@acme.example" }, "user"],
    ["an empty variable is none", flags, { HANDOVER_ADMIN: "" }, { [user]: "admin: user@acme.example" }, "user"],
  ])("%s", async (_name, given, env, files, winner) => {
    const { context } = await withFiles(files, { ...env, HANDOVER_KEY: "key.json" });
    expect((await resolveSettings(context, given)).admin).toBe(`${winner}@acme.example`);
  });

  it("a path is relative to the file that holds it", async () => {
    const { context, folder } = await withFiles({ [user]: "key: keys/k.json\nadmin: a@acme.example\nrate: 480/m" });
    const settings = await resolveSettings(context, flags);
    expect(settings.auth).toMatchObject({ mode: "key", keyFile: join(folder, "home/.config/handover/keys/k.json") });
    expect(settings.rate).toBe(8);
    expect(settings.endpoint).toBeUndefined();
  });
});

describe("settings that cannot be used are told with their place", () => {
  it.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
    ["no key", {}, { HANDOVER_ADMIN: "a@acme.example" }, /no service-account key is given: use --key/],
    ["no administrator", {}, { HANDOVER_KEY: "k" }, /no administrator is given: use --admin/],
    [
      "a bad address",
      { [here]: "\nadmin: nobody" },
      { HANDOVER_KEY: "k" },
      /handover\.yaml:2:1: "nobody" is not an e-mail/,
    ],
    ["an unknown name", { [here]: "endpont: x" }, {}, /handover\.yaml:1:1: there is no setting "endpont"/],
    ["a wrong type", { [here]: "admin: [1]" }, {}, /handover\.yaml:1:1: admin must be text/],
    ["an alias of nothing", { [here]: "admin: *boss" }, {}, /handover\.yaml: .*Unresolved alias.*boss/],
    [
      "an alias that multiplies",
      { [here]: "x: &x [a, a, a, a]\ny: &y [*x, *x, *x, *x]\nz: [*y, *y, *y]" },
      {},
      /handover\.yaml: .*Excessive alias count/,
    ],
    [
      "thousands of levels",
      { [here]: `${"- ".repeat(20_000)}a: b\nkey: c\n` },
      {},
      /handover\.yaml: is not YAML.*stack/,
    ],
    ["hundreds of faults", { [here]: "admin: : a\n".repeat(1000) }, {}, /^1[0-3] settings are wrong/],
    ["a list", { [here]: "- a" }, {}, /handover\.yaml:1:1: write settings as/],
    ["twice the same", { [here]: "key: a\nkey: b" }, {}, /handover\.yaml:2:1: Map keys must be unique/],
    [
      "plain http elsewhere",
      {},
      { HANDOVER_ENDPOINT: "http://example.org" },
      /HANDOVER_ENDPOINT: the endpoint http:\/\/example\.org would receive access tokens/,
    ],
    ["no address at all", {}, { HANDOVER_ENDPOINT: "nonsense" }, /HANDOVER_ENDPOINT: the endpoint "nonsense" is not/],
    ["no rate", {}, { HANDOVER_RATE: "fast" }, /HANDOVER_RATE: "fast" is not a rate/],
  ])("%s", async (_name, files, env, message) => {
    const { context } = await withFiles(files, env);
    await expect(resolveSettings(context, flags)).rejects.toThrow(message);
  });

  it("all of them at once", async () => {
    const { context } = await withFiles({}, { HANDOVER_ENDPOINT: "x", HANDOVER_RATE: "0" });
    await expect(resolveSettings(context, flags)).rejects.toThrow(
      /4 settings are wrong.*ENDPOINT.*administrator.*key.*RATE/s,
    );
  });
});
