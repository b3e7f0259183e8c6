/** Tokens: what is signed, how often they are asked for, and what becomes of those that were rejected. */
import { generateKeyPairSync, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { CachedTokens } from "../../src/google/auth.ts";
import { askWithKey } from "../../src/google/delegation.ts";
import { parseServiceAccountKey } from "../../src/google/key.ts";
import { Pacer, noRates } from "../../src/google/pacer.ts";
import { directoryScopes } from "../../src/google/scopes.ts";
import { makeSend } from "../../src/google/send.ts";
import { UsageError } from "../../src/model/errors.ts";
import { ManualClock } from "../support/clock.ts";
import { anna, bert, connection, inTurn, keyFileOfTest, keyOfTest, publicKeyOfTest, scripted } from "./scripted.ts";
import type { Script } from "./scripted.ts";

const scopes = "scope-a scope-b";

/** A token endpoint that numbers its tokens. */
function endpoint(expiresIn = 3599): Script {
  let count = 0;
  return scripted(() => {
    count += 1;
    return { body: { access_token: `token-${count}`, expires_in: expiresIn, token_type: "Bearer" } };
  });
}

function tokensOver(script: Script): { tokens: CachedTokens; clock: ManualClock } {
  const clock = new ManualClock();
  const pacer = new Pacer(clock, noRates);
  const send = makeSend({ exchange: script.exchange, pacer, clock, timeoutMs: 60_000 });
  return { tokens: new CachedTokens(clock, askWithKey(keyOfTest, clock, send)), clock };
}

describe("a token", () => {
  it("is asked for with an assertion that Google's description fits, signed with the key", async () => {
    const script = endpoint();
    const { tokens, clock } = tokensOver(script);
    await clock.advance(1500);
    expect(await tokens.token(anna, scopes)).toBe("token-1");
    const [request] = script.sent;
    expect(request).toMatchObject({ method: "POST", url: "https://oauth2.googleapis.com/token" });
    const form = new URLSearchParams(request?.body);
    expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const [header = "", claims = "", signature = ""] = form.get("assertion")?.split(".") ?? [];
    const decoded = [header, claims].map((part): unknown => JSON.parse(Buffer.from(part, "base64url").toString()));
    const issuedAt = Math.floor(clock.now() / 1000);
    expect(decoded).toEqual([
      { alg: "RS256", typ: "JWT", kid: "key-1" },
      {
        iss: "robot@project.iam.gserviceaccount.com",
        sub: "anna@acme.example",
        scope: scopes,
        aud: "https://oauth2.googleapis.com/token",
        iat: issuedAt,
        exp: issuedAt + 3600,
      },
    ]);
    const signed = Buffer.from(`${header}.${claims}`);
    expect(verify("RSA-SHA256", signed, publicKeyOfTest, Buffer.from(signature, "base64url"))).toBe(true);
  });

  it("is asked for once, however many want it, and apart for each user and set of scopes", async () => {
    const script = endpoint();
    const { tokens } = tokensOver(script);
    const wanted = await Promise.all(Array.from({ length: 50 }, () => tokens.token(anna, scopes)));
    expect(new Set(wanted).size).toBe(1);
    await tokens.token(bert, scopes);
    await tokens.token(anna, "scope-a");
    expect(script.sent).toHaveLength(3);
  });

  it("is renewed five minutes ahead, by the clock that cannot be turned", async () => {
    const script = endpoint();
    const { tokens, clock } = tokensOver(script);
    await tokens.token(anna, scopes);
    clock.turnWall(7 * 86_400_000);
    await clock.advance(3_298_999);
    expect(await tokens.token(anna, scopes)).toBe("token-1");
    await clock.advance(1);
    expect(await Promise.all([tokens.token(anna, scopes), tokens.token(anna, scopes)])).toEqual(["token-2", "token-2"]);
    expect(script.sent).toHaveLength(2);
  });

  it("that lives for less than that is used for half its life", async () => {
    const script = endpoint(60);
    const { tokens, clock } = tokensOver(script);
    await tokens.token(anna, scopes);
    await clock.advance(29_999);
    expect(await tokens.token(anna, scopes)).toBe("token-1");
    await clock.advance(1);
    expect(await tokens.token(anna, scopes)).toBe("token-2");
  });

  it("goes on serving when its renewal fails in passing, until it ends", async () => {
    const good = { body: { access_token: "old", expires_in: 3600 } };
    const script = inTurn(good, { status: 503 });
    const { tokens, clock } = tokensOver(script);
    await tokens.token(anna, scopes);
    await clock.advance(3_400_000);
    expect(await tokens.token(anna, scopes)).toBe("old");
    expect(await tokens.token(anna, scopes)).toBe("old");
    expect(script.sent).toHaveLength(2);
    await clock.advance(200_000);
    await expect(tokens.token(anna, scopes)).rejects.toMatchObject({ disposition: "retry" });
  });

  it("is not served any more when its renewal is refused", async () => {
    const script = inTurn(
      { body: { access_token: "old", expires_in: 3600 } },
      { status: 401, body: { error: "unauthorized_client", error_description: "revoked" } },
    );
    const { tokens, clock } = tokensOver(script);
    await tokens.token(anna, scopes);
    await clock.advance(3_400_000);
    await expect(tokens.token(anna, scopes)).rejects.toMatchObject({ disposition: "halt-run" });
  });

  it("that is rejected is dropped once, however many calls it failed", async () => {
    const script = endpoint();
    const { tokens } = tokensOver(script);
    const first = await tokens.token(anna, scopes);
    for (let call = 0; call < 20; call += 1) tokens.drop(anna, scopes, first);
    const second = await tokens.token(anna, scopes);
    for (let call = 0; call < 20; call += 1) tokens.drop(anna, scopes, first);
    expect(await tokens.token(anna, scopes)).toBe(second);
    expect(script.sent).toHaveLength(2);
  });

  it("that could not be had is asked for again by the next call", async () => {
    const script = inTurn({ status: 500 }, { body: { access_token: "at-last", expires_in: 3600 } });
    const { tokens } = tokensOver(script);
    await expect(Promise.all([tokens.token(anna, scopes), tokens.token(anna, scopes)])).rejects.toThrow("500");
    expect(await tokens.token(anna, scopes)).toBe("at-last");
  });

  it.each([["{}"], ['{"access_token":"","expires_in":1}'], ['{"access_token":"x"}'], ["<html>"]])(
    "is not made of %s",
    async (body) => {
      const { tokens } = tokensOver(inTurn({ body }));
      await expect(tokens.token(anna, scopes)).rejects.toMatchObject({ failure: "unreadable-answer" });
    },
  );
});

describe("authenticate", () => {
  it("repeats what passes, and then says who cannot be acted as", async () => {
    const script = inTurn(
      { status: 503 },
      { status: 400, body: { error: "invalid_grant", error_description: "Invalid email or User ID" } },
    );
    const { api, clock } = connection(script.exchange, { key: keyOfTest });
    await expect(clock.drive(api.authenticate(anna))).rejects.toMatchObject({
      disposition: "halt-actor",
      failure: "no-such-user",
      message: "400 invalid_grant: Invalid email or User ID",
    });
    expect(script.sent).toHaveLength(2);
  });
});

describe("the scopes", () => {
  it("of the Directory are read-only", () => {
    for (const scope of directoryScopes.split(" ")) expect(scope).toMatch(/^https:.*\.readonly$/);
  });
});

describe("a key file", () => {
  const file = (change: object): string => JSON.stringify({ ...keyFileOfTest, ...change });
  const pem = (type: "ec" | "rsa"): string => {
    const pair =
      type === "ec"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : generateKeyPairSync("rsa", { modulusLength: 1024 });
    return pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  };

  it.each([
    ["in its address", { client_email: "bot@moving-day.iam.gserviceaccount.com", project_id: "other" }, "moving-day"],
    [
      "beside its address",
      { client_email: "bot@developer.gserviceaccount.com", project_id: "moving-day" },
      "moving-day",
    ],
    ["nowhere", { client_email: "bot@developer.gserviceaccount.com", project_id: undefined }, undefined],
  ])("tells the Cloud project whose quotas its calls spend: %s", (_where, change, project) => {
    expect(parseServiceAccountKey(file(change)).project).toBe(project);
  });

  it.each([
    ["that is not JSON", "-----BEGIN PRIVATE KEY-----\nsecret", /not JSON/],
    ["that is a list", "[]", /lacks parts/],
    ["that is nothing", "null", /no JSON object/],
    ["of an OAuth client", '{"installed":{"client_secret":"secret"}}', /OAuth client/],
    ["whose type is a piece of a key", '{"type":"MIIEvsecret+Q/"}', /of another type/],
    ["of a person", '{"type":"authorized_user","refresh_token":"secret"}', /person's own/],
    ["of another kind", '{"type":"external_account"}', /"external_account"/],
    ["without its key", file({ private_key: undefined }), /lacks parts/],
    ["whose key is cut", file({ private_key: "-----BEGIN PRIVATE KEY-----\nsecret\n" }), /cannot be read/],
    ["whose key is not RSA", file({ private_key: pem("ec") }), /not an RSA key/],
    ["whose key is short", file({ private_key: pem("rsa") }), /2048 bits/],
    ["of another universe", file({ universe_domain: "example.cloud" }), /does not exist/],
    ["whose universe is a piece of a key", file({ universe_domain: "MIIEvsecret+Q" }), /to another universe/],
    ["without an address", file({ client_email: "robot" }), /not an address/],
  ])("%s is refused, with a reason and a remedy, and without being shown", (_name, text, problem) => {
    let refusal: unknown;
    try {
      parseServiceAccountKey(text);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(UsageError);
    expect(refusal).toMatchObject({ message: expect.stringMatching(problem) as string });
    expect(JSON.stringify(refusal)).not.toContain("secret");
  });
});
