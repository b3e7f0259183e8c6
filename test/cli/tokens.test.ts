/** Tokens asked for by settings alone, as a check of them does: each refusal comes as Google gave it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveSettings } from "../../src/cli/config.ts";
import { openTokens } from "../../src/cli/connect.ts";
import type { OpenTokens } from "../../src/cli/connect.ts";
import { dataStudioScopes } from "../../src/google/scopes.ts";
import type { Context } from "../../src/cli/context.ts";
import { email } from "../google/scripted.ts";
import { Scene } from "./scene.ts";
import { world } from "./world.ts";

let scene: Scene;
let tokens: OpenTokens;
const anna = email("anna@acme.example");

beforeAll(async () => {
  scene = await Scene.start({ users: 20, assets: 100 });
  const { context }: { readonly context: Context } = await world({ folder: scene.folder });
  tokens = await openTokens(context, await resolveSettings(context, { color: false }));
});
afterAll(async () => {
  await tokens.close();
  await scene.close();
});

describe("with a key", () => {
  it("the account is known by its address and its id before anything is sent", () => {
    expect(tokens.credentials).toMatchObject({
      mode: "key",
      identity: "handover@handover-emulator.iam.gserviceaccount.com",
      clientId: "104000000000000000001",
      onlyActor: undefined,
    });
  });

  it("a token is asked for anew each time", async () => {
    const given = await tokens.ask(anna, dataStudioScopes.read);
    expect(given.lifetimeMs).toBe(3_599_000);
    expect((await tokens.ask(anna, dataStudioScopes.read)).token).not.toBe(given.token);
  });

  it("a refusal is told apart, in one attempt", async () => {
    const before = scene.requests();
    await expect(tokens.ask(email("nobody@acme.example"), dataStudioScopes.read)).rejects.toMatchObject({
      failure: "no-such-user",
      disposition: "halt-actor",
      status: 400,
      call: { route: "token", actor: "nobody@acme.example" },
    });
    await expect(tokens.ask(anna, "https://www.googleapis.com/auth/drive")).rejects.toMatchObject({
      failure: "unauthorized-client",
      disposition: "halt-run",
    });
    expect(scene.requests() - before).toBe(2);
  });
});
