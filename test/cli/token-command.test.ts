/** Tokens by a command: what it is told, what it may say, and what is said when it does not. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandWords } from "../../src/cli/command-words.ts";
import { resolveSettings } from "../../src/cli/config.ts";
import { openTokens } from "../../src/cli/connect.ts";
import type { OpenTokens } from "../../src/cli/connect.ts";
import { CachedTokens } from "../../src/google/auth.ts";
import { dataStudioScopes } from "../../src/google/scopes.ts";
import type { Clock } from "../../src/model/clock.ts";
import { anna, bert, email } from "../google/scripted.ts";
import { ManualClock } from "../support/clock.ts";
import { Scene } from "./scene.ts";
import { world } from "./world.ts";

const scopes = dataStudioScopes.read;

async function asking(
  script: string,
  given: { readonly actor?: string; readonly clock?: Clock; readonly words?: readonly string[] } = {},
): Promise<{ readonly tokens: OpenTokens; readonly folder: string }> {
  const made = await world({
    env: { PATH: process.env["PATH"] ?? "", HANDOVER_ADMIN: "admin@acme.example" },
    ...(given.clock === undefined ? {} : { clock: given.clock }),
  });
  const { writeFile } = await import("node:fs/promises");
  await writeFile(`${made.folder}/token.sh`, script);
  const words = given.words ?? ["sh", "token.sh", "an argument; with $(magic)"];
  const actor = given.actor === undefined ? "" : `token_actor: ${given.actor}\nadmin: ${given.actor}\n`;
  await writeFile(`${made.folder}/handover.yaml`, `token_command: ${JSON.stringify(words)}\n${actor}`, { mode: 0o600 });
  const env = given.actor === undefined ? made.context.env : { PATH: process.env["PATH"] ?? "" };
  const context = { ...made.context, env };
  return { tokens: await openTokens(context, await resolveSettings(context, { color: false })), folder: made.folder };
}

describe("a token command", () => {
  it("is told by its environment who is wanted for what, and by its arguments what was written", async () => {
    const { tokens, folder } = await asking(
      'echo "$HANDOVER_ACTOR|$HANDOVER_SCOPES|$1|$PWD" > told; echo ya29.token-of-$HANDOVER_ACTOR',
    );
    expect(await tokens.ask(anna, scopes)).toMatchObject({ token: `ya29.token-of-${anna}`, lifetimeMs: Infinity });
    const told = (await readFile(`${folder}/told`, "utf8")).trim();
    expect(told).toBe(`${anna}|${scopes}|an argument; with $(magic)|${folder}`);
  });

  it("may say how long its token lives, and is asked again then, and when the token was rejected", async () => {
    const clock = new ManualClock();
    const { tokens, folder } = await asking(
      'echo x >> count; echo "{\\"access_token\\": \\"token-$(wc -l < count | tr -d " ")-of-many\\", \\"expires_in\\": 600}"',
      { clock },
    );
    const cached = new CachedTokens(clock, tokens.ask);
    expect(await cached.token(anna, scopes)).toBe("token-1-of-many");
    expect(await cached.token(anna, scopes)).toBe("token-1-of-many");
    cached.drop(anna, scopes, "token-1-of-many");
    expect(await cached.token(anna, scopes)).toBe("token-2-of-many");
    await clock.advance(300_000);
    expect(await cached.token(anna, scopes)).toBe("token-3-of-many");
    expect((await readFile(`${folder}/count`, "utf8")).split("\n")).toHaveLength(4);
  });

  it("whose token lasts until it is rejected is asked once", async () => {
    const clock = new ManualClock();
    const { tokens } = await asking("echo token-$HANDOVER_ACTOR-$(date +%N)", { clock });
    const cached = new CachedTokens(clock, tokens.ask);
    const first = await cached.token(anna, scopes);
    await clock.advance(30 * 86_400_000);
    expect(await cached.token(anna, scopes)).toBe(first);
  });

  it.each<[string, string, readonly string[] | undefined, object]>([
    [
      "fails",
      "echo nobody is signed in >&2; exit 7",
      undefined,
      { disposition: "halt-actor", message: /sh ended with 7: nobody is signed in$/ },
    ],
    ["prints nothing", "true", undefined, { message: /printed nothing/ }],
    ["prints lines", "echo one; echo two", undefined, { message: /neither a token nor/ }],
    ["prints other JSON", `echo '{"token":"x"}'`, undefined, { message: /neither a token nor/ }],
    [
      "prints a token with a line break in it",
      `echo '{"access_token":"abcdefgh\\r\\nX: y"}'`,
      undefined,
      { message: /neither a token nor/ },
    ],
    ["prints without end", "yes token", undefined, { message: /printed more than 65536 bytes/ }],
    ["is ended", "kill -9 $$", undefined, { message: /was ended by a signal/ }],
    [
      "is not there",
      "",
      ["no-such-program-anywhere"],
      { disposition: "halt-run", message: /no-such-program-anywhere is not found/ },
    ],
  ])("that %s is told so", async (_name, script, words, expected) => {
    const { tokens } = await asking(script, words === undefined ? {} : { words });
    const { message, ...facts } = expected as { readonly message: RegExp };
    const error = await tokens.ask(anna, scopes).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: "token-command", ...facts });
    expect((error as Error).message).toMatch(message);
  });

  it("that does not end is left after a minute", async () => {
    const clock = new ManualClock();
    const { tokens } = await asking("exec sleep 600", { clock });
    const asked = tokens.ask(anna, scopes);
    asked.catch(() => undefined);
    await clock.advance(60_000);
    await expect(asked).rejects.toThrow("gave no answer within 60 s");
  });

  it("does not show by its complaints what it printed", async () => {
    const secret = "qL9vWb2TzX7mRk4NcY8dHs3JfP6gUe1A";
    const { tokens } = await asking(`echo ${secret}; echo "cannot use ${secret} or ya29.some-other" >&2; exit 1`);
    const error = await tokens.ask(anna, scopes).catch((thrown: unknown) => thrown);
    expect((error as Error).message).toMatch(/cannot use \[hidden\] or \[hidden\]$/);
  });

  it("that gives two people the same token is not believed", async () => {
    const { tokens } = await asking("echo ya29.always-the-same");
    await tokens.ask(anna, scopes);
    await tokens.ask(anna, `${scopes} more`);
    await expect(tokens.ask(bert, scopes)).rejects.toMatchObject({
      failure: "same-token",
      disposition: "halt-run",
      message: `the token command gave the same token for ${anna} and for ${bert}`,
    });
  });

  it("of one person is not asked for anybody else", async () => {
    const { tokens, folder } = await asking("echo x >> count; echo ya29.always-the-same", {
      actor: "admin@acme.example",
    });
    await tokens.ask(email("admin@acme.example"), scopes);
    await expect(tokens.ask(anna, scopes)).rejects.toMatchObject({ failure: "one-person", disposition: "halt-actor" });
    expect(await readFile(`${folder}/count`, "utf8")).toBe("x\n");
  });
});

describe("a command in one text", () => {
  it.each<[string, readonly string[] | undefined]>([
    ["", []],
    ["  a  b\tc ", ["a", "b", "c"]],
    [`a "b c" 'd "e"' f"g"h ""`, ["a", "b c", 'd "e"', "fgh", ""]],
    ["a $(b) `c` | d > e && f \\g *", ["a", "$(b)", "`c`", "|", "d", ">", "e", "&&", "f", "\\g", "*"]],
    [`a "b`, undefined],
  ])("%j has the words %j", (text, words) => {
    expect(commandWords(text)).toEqual(words);
  });
});

describe("with a token command", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.start({ users: 20, assets: 100 });
  });
  afterAll(() => scene.close());

  it("a run is planned and carried out, each call as the one it is for", async () => {
    const { emulator } = scene.google;
    const people = [...emulator.state.directory.people.values()].filter((each) => !each.suspended && !each.archived);
    for (const { email: address, deletedAt } of people) {
      if (deletedAt !== undefined) continue;
      const every = [
        "datastudio",
        "admin.datatransfer",
        ...["user", "group", "domain"].map((kind) => `admin.directory.${kind}.readonly`),
      ];
      await scene.write(
        `${address}.token`,
        emulator.mint(
          address,
          every.map((scope) => `https://www.googleapis.com/auth/${scope}`),
        ),
      );
    }
    await scene.write(
      "handover.yaml",
      `endpoint: ${scene.google.url}\ntoken_command: sh -c 'cat "$HANDOVER_ACTOR.token"'\nadmin: ${scene.google.admin}\nrate: 5000/s\nactor_rate: 5000/s\n`,
    );
    const asset = [...emulator.state.assets.values()].find(
      (each) => !each.trashed && each.roles.get("OWNER")?.includes("user:leaver@acme.example" as never),
    );
    await scene.write("grant.csv", `action,asset,member,role\ngrant,${asset?.name},heir@acme.example,VIEWER\n`);
    await scene.prints("plan grant.csv -o grant");
    await scene.prints("apply grant --yes");
    expect(emulator.history.at(-1)).toMatchObject({ asset: asset?.name, actor: "leaver@acme.example" });
    expect(emulator.log.entries().some(({ route }) => route === "token")).toBe(false);
  });
});
