/** The token endpoint: what is issued, and every refusal with its words. */
import { generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Emulator } from "../../src/emulator/emulator.ts";
import { startOfTest } from "../support/clock.ts";
import { at, scopes, send, smallWorld, stage } from "./support.ts";
import type { Answer, Stage } from "./support.ts";

const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const otherKeys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const issuer = "robot@project.iam.gserviceaccount.com";
const audience = "https://oauth2.googleapis.com/token";

function office(switches: Readonly<Record<string, string>> = {}): Stage {
  const world = smallWorld();
  world.deleteUser("dora", startOfTest);
  const on = stage({ world, switches });
  on.emulator.tokens.register({
    clientEmail: issuer,
    clientId: "1001",
    projectId: "project",
    keyId: "key-1",
    publicKey: keys.publicKey,
    privateKey: keys.privateKey,
  });
  on.emulator.tokens.delegate("1001", [scopes.studio, scopes.users]);
  return on;
}

interface Wish {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: KeyObject;
}

function jwt(emulator: Emulator, wish: Wish): string {
  const now = Math.floor(emulator.now() / 1000);
  const claims = {
    iss: issuer,
    scope: scopes.studio,
    aud: audience,
    iat: now,
    exp: now + 3600,
    sub: at("anna"),
    ...wish.claims,
  };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "RS256", typ: "JWT", ...wish.header })}.${part(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), wish.key ?? keys.privateKey).toString("base64url")}`;
}

function ask(emulator: Emulator, assertion: string, grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"): Answer {
  const form = new URLSearchParams({ grant_type: grant, assertion }).toString();
  return send(emulator, "POST", "/token", form, { "content-type": "application/x-www-form-urlencoded" });
}

const tooLong =
  "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.";
const unauthorized =
  "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.";

describe("the token endpoint", () => {
  it("issues a bearer token that works as the user", () => {
    const { emulator, world } = office();
    world.addAsset({ name: "a1", owner: "anna" });
    const answer = ask(emulator, jwt(emulator, {}));
    expect(answer.json).toEqual({
      access_token: expect.stringMatching(/^ya29\./),
      expires_in: 3599,
      token_type: "Bearer",
    });
    const headers = { authorization: `Bearer ${answer.json.access_token}` };
    expect(send(emulator, "GET", "/v1/assets/a1/permissions", undefined, headers).status).toBe(200);
  });

  it("resolves an alias and an id to the user", () => {
    const { emulator } = office();
    const token = ask(emulator, jwt(emulator, { claims: { sub: at("leaver.alias") } })).json.access_token;
    expect(emulator.tokens.subjectOf(token)).toBe(at("leaver"));
  });

  it.each<[string, Wish, number, string, string]>([
    ["another key's signature", { key: otherKeys.privateKey }, 400, "invalid_grant", "Invalid JWT Signature."],
    ["an unknown key id", { header: { kid: "key-2" } }, 400, "invalid_grant", "Invalid JWT Signature."],
    ["no algorithm", { header: { alg: "none" } }, 400, "invalid_grant", "Invalid JWT Signature."],
    [
      "an unknown issuer",
      { claims: { iss: "x@y.example" } },
      400,
      "invalid_grant",
      "Invalid JWT: No valid verifier found for issuer",
    ],
    [
      "another audience",
      { claims: { aud: "https://example.com" } },
      400,
      "invalid_grant",
      "Invalid JWT: Failed audience check.",
    ],
    ["two hours of life", { claims: { exp: 4_000_000_000 } }, 400, "invalid_grant", tooLong],
    ["a start in the future", { claims: { iat: 4_000_000_000, exp: 4_000_003_000 } }, 400, "invalid_grant", tooLong],
    ["an end in the past", { claims: { iat: 1000, exp: 4000 } }, 400, "invalid_grant", tooLong],
    ["an end before the start", { claims: { exp: 1 } }, 400, "invalid_grant", tooLong],
    ["an unknown user", { claims: { sub: at("nobody") } }, 400, "invalid_grant", "Invalid email or User ID"],
    ["a subject that is no address", { claims: { sub: "anna" } }, 400, "invalid_grant", "Not a valid email"],
    ["a deleted user", { claims: { sub: at("dora") } }, 400, "invalid_grant", "The account has been deleted"],
    ["a suspended user", { claims: { sub: at("sam") } }, 400, "invalid_grant", "Bad Request"],
    [
      "a user of another organisation",
      { claims: { sub: "x@elsewhere.example" } },
      401,
      "unauthorized_client",
      unauthorized,
    ],
    [
      "one scope too many",
      { claims: { scope: `${scopes.studio} ${scopes.groups}` } },
      401,
      "unauthorized_client",
      unauthorized,
    ],
    ["no scope", { claims: { scope: "" } }, 400, "invalid_scope", "Empty or missing scope not allowed."],
    [
      "a scope that is none",
      { claims: { scope: "everything" } },
      400,
      "invalid_scope",
      "Invalid OAuth scope or ID token audience provided.",
    ],
  ])("refuses %s", (_what, wish, status, error, description) => {
    const { emulator } = office();
    const answer = ask(emulator, jwt(emulator, wish));
    expect([answer.status, answer.json]).toEqual([status, { error, error_description: description }]);
  });

  it.each([
    ["text that is no JWT", "abc", undefined, "invalid_grant"],
    ["nothing", "", undefined, "invalid_request"],
    ["another grant type", "abc", "password", "unsupported_grant_type"],
  ])("refuses %s", (_what, assertion, grant, error) => {
    const { emulator } = office();
    expect(ask(emulator, assertion, grant).json.error).toBe(error);
  });

  it("allows a client clock a few minutes ahead, not ten", () => {
    const { emulator } = office();
    const ahead = (s: number): Wish => {
      const iat = Math.floor(emulator.now() / 1000) + s;
      return { claims: { iat, exp: iat + 3600 } };
    };
    expect(ask(emulator, jwt(emulator, ahead(200))).status).toBe(200);
    expect(ask(emulator, jwt(emulator, ahead(600))).status).toBe(400);
  });

  it("tells the emulator's time in the Date header", () => {
    const { emulator, clock } = office();
    emulator.advance(-600_000);
    const { date } = ask(emulator, "x").headers;
    expect(Date.parse(date ?? "")).toBe(Math.floor((clock.now() - 600_000) / 1000) * 1000);
  });

  it("refuses everybody once the delegation is revoked", () => {
    const { emulator } = office();
    emulator.tokens.delegationRevoked = true;
    expect(ask(emulator, jwt(emulator, {})).json.error).toBe("unauthorized_client");
  });

  it("lets a service account act as itself, without any access to Data Studio", () => {
    const { emulator } = office();
    const answer = ask(emulator, jwt(emulator, { claims: { sub: undefined } }));
    expect(answer.status).toBe(200);
    const headers = { authorization: `Bearer ${answer.json.access_token}` };
    expect(send(emulator, "GET", "/v1/assets:search?assetTypes=REPORT", undefined, headers).status).toBe(403);
  });

  it("signs claims through signJwt for a caller with the IAM scope, and takes them at the token endpoint", () => {
    const { emulator } = office();
    const iam = "https://www.googleapis.com/auth/iam";
    const own = ask(emulator, jwt(emulator, { claims: { sub: undefined, scope: iam } })).json.access_token;
    const now = Math.floor(emulator.now() / 1000);
    const payload = JSON.stringify({
      iss: issuer,
      scope: scopes.studio,
      aud: audience,
      iat: now,
      exp: now + 3600,
      sub: at("ben"),
    });
    const path = `/v1/projects/-/serviceAccounts/${encodeURIComponent(issuer)}:signJwt`;
    const signed = send(emulator, "POST", path, { payload }, { authorization: `Bearer ${own}` });
    expect(signed.json.keyId).toBe("key-1");
    const token = ask(emulator, signed.json.signedJwt).json.access_token;
    expect(emulator.tokens.subjectOf(token)).toBe(at("ben"));
  });

  it("never writes an assertion or a token into the log", () => {
    const { emulator } = office();
    const assertion = jwt(emulator, {});
    const token: string = ask(emulator, assertion).json.access_token;
    const log = JSON.stringify(emulator.log.entries());
    expect(log).toContain(`"actor":"${at("anna")}"`);
    expect(log).not.toContain(assertion.slice(0, 40));
    expect(log).not.toContain(token);
  });
});
