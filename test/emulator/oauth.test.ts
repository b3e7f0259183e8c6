/** Signing in at the emulator, and callers that are no people: what each is given, and every refusal with its words. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { at, call, scopes, send, smallWorld, stage } from "./support.ts";
import type { Answer, Stage } from "./support.ts";

const client = { clientId: "c1", clientSecret: "s1", projectId: "p1" };
const redirect = "http://127.0.0.1:5000/";
const verifier = "v".repeat(43);
const challenge = createHash("sha256").update(verifier).digest("base64url");
const robot = "robot@p1.iam.gserviceaccount.com";
const iam = "https://www.googleapis.com/auth/iam";
const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });

function office(switches: Readonly<Record<string, string>> = {}): Stage {
  const on = stage({ world: smallWorld(), switches });
  on.emulator.oauth.register(client);
  on.emulator.oauth.register({ ...client, clientId: "c2" });
  on.emulator.tokens.delegate("c1", [scopes.studio, scopes.users]);
  on.emulator.tokens.register({ ...client, clientEmail: robot, keyId: "k", ...keys });
  return on;
}

type Fields = Readonly<Record<string, string | undefined>>;

function query(fields: Fields): string {
  const given = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return new URLSearchParams(Object.fromEntries(given)).toString();
}

function ask(on: Stage, fields: Fields = {}): Answer {
  const asked = {
    client_id: "c1",
    redirect_uri: redirect,
    response_type: "code",
    scope: `openid ${scopes.studio}`,
    code_challenge: challenge,
    code_challenge_method: "S256",
    state: "st",
    login_hint: at("anna"),
    ...fields,
  };
  return send(on.emulator, "GET", `/o/oauth2/v2/auth?${query(asked)}`);
}

function codeOf(answer: Answer): string {
  return new URL(answer.headers["location"] ?? "http://x").searchParams.get("code") ?? "";
}

function exchange(on: Stage, fields: Fields): Answer {
  return send(on.emulator, "POST", "/token", query({ client_id: "c1", client_secret: "s1", ...fields }));
}

function redeem(on: Stage, code: string, fields: Fields = {}): Answer {
  const grant = { grant_type: "authorization_code", code, redirect_uri: redirect, code_verifier: verifier };
  return exchange(on, { ...grant, ...fields });
}

function refresh(on: Stage, token: string, fields: Fields = {}): Answer {
  return exchange(on, { grant_type: "refresh_token", refresh_token: token, ...fields });
}

const said = ({ status, json }: Answer): string => `${status} ${json.error}: ${json.error_description}`;

describe("a person who signs in", () => {
  it("comes back with a code, which becomes tokens that act as them, until they are revoked", () => {
    const on = office();
    on.world.addAsset({ name: "a1", owner: "anna" });
    const back = new URL(ask(on).headers["location"] ?? "");
    expect([back.origin, back.searchParams.get("state")]).toEqual(["http://127.0.0.1:5000", "st"]);
    const first = redeem(on, back.searchParams.get("code") ?? "").json;
    expect(first).toMatchObject({ expires_in: 3599, scope: `openid ${scopes.studio}`, token_type: "Bearer" });
    const claims: unknown = JSON.parse(Buffer.from(first.id_token.split(".")[1], "base64url").toString());
    expect(claims).toMatchObject({ aud: "c1", email: at("anna"), email_verified: true });
    const { access_token: token } = refresh(on, first.refresh_token).json;
    const read = (): number =>
      send(on.emulator, "GET", "/v1/assets/a1/permissions", undefined, { authorization: `Bearer ${token}` }).status;
    expect(read()).toBe(200);
    expect(send(on.emulator, "POST", "/revoke", query({ token: first.refresh_token })).status).toBe(200);
    expect(read()).toBe(401);
    expect(said(refresh(on, first.refresh_token))).toBe("400 invalid_grant: Token has been expired or revoked.");
    expect(said(send(on.emulator, "POST", "/revoke", query({ token: first.refresh_token })))).toBe(
      "400 invalid_token: Token expired or revoked",
    );
  });

  it.each<[string, Fields, number, RegExp]>([
    ["of an unknown client", { client_id: "c9" }, 401, /invalid_client/],
    ["with another way back", { redirect_uri: "https://evil.example/" }, 400, /redirect_uri_mismatch/],
    ["with a way back without a port", { redirect_uri: "http://127.0.0.1/" }, 400, /redirect_uri_mismatch/],
    ["without scopes", { scope: undefined }, 400, /invalid_request/],
    ["for a token at once", { response_type: "token" }, 400, /invalid_request/],
    ["with an unknown kind of challenge", { code_challenge_method: "MD5" }, 400, /invalid_request/],
    ["for a scope that is not authorised", { scope: scopes.transfer }, 400, /invalid_scope/],
    ["to a client that is not authorised", { client_id: "c2" }, 400, /invalid_scope/],
    ["while suspended", { login_hint: at("sam") }, 400, /Couldn't sign you in/],
  ])("%s sees a page that says no", (_name, fields, status, title) => {
    const answer = ask(office(), fields);
    expect([answer.status, answer.headers["location"]]).toEqual([status, undefined]);
    expect(answer.reply.body).toMatch(title);
  });

  it("may be asked to agree, and is taken at their word", () => {
    const on = office({ oauthConsent: "ask" });
    const asked = { client_id: "c2", consent: undefined };
    expect(ask(on, asked).reply.body).toContain("consent=allow");
    expect(codeOf(ask(on, { ...asked, consent: "allow" }))).toMatch(/^4\/0/);
    expect(ask(on, { ...asked, consent: "deny" }).headers["location"]).toBe(`${redirect}?state=st&error=access_denied`);
  });

  it.each<[string, Fields, string]>([
    ["another verifier", { code_verifier: "w".repeat(43) }, "400 invalid_grant: Invalid code verifier."],
    ["no verifier", { code_verifier: undefined }, "400 invalid_grant: Missing code verifier."],
    ["another way back", { redirect_uri: "http://127.0.0.1:5001/" }, "400 redirect_uri_mismatch: Bad Request"],
    ["another secret", { client_secret: "s2" }, "401 invalid_client: Unauthorized"],
    ["another client", { client_id: "c2" }, "400 invalid_grant: Malformed auth code."],
    ["an unknown client", { client_id: "c9" }, "401 invalid_client: The OAuth client was not found."],
    ["another code", { code: "4/0x" }, "400 invalid_grant: Malformed auth code."],
  ])("gets nothing for a code with %s", (_name, fields, words) => {
    const on = office();
    expect(said(redeem(on, codeOf(ask(on)), fields))).toBe(words);
  });

  it("gets tokens for a code once, and within ten minutes", () => {
    const on = office();
    const [used, old] = [codeOf(ask(on)), codeOf(ask(on))];
    expect(redeem(on, used).status).toBe(200);
    expect(said(redeem(on, used))).toMatch(/^400 invalid_grant/);
    on.emulator.advance(600_000);
    expect(said(redeem(on, old))).toMatch(/^400 invalid_grant/);
  });

  it.each<[string, (on: Stage) => void, string]>([
    ["was deleted", (on) => on.world.deleteUser("anna", 0), "400 invalid_grant: The account has been deleted"],
    [
      "is suspended",
      (on) => {
        const anna = on.emulator.state.directory.person(at("anna"));
        if (anna !== undefined) on.emulator.state.directory.changePerson(anna, { suspended: true });
      },
      "400 invalid_grant: Bad Request",
    ],
  ])("who %s gets no token any more", (_name, change, words) => {
    const on = office();
    const token = on.emulator.oauth.grant("c1", at("anna"), [scopes.studio]);
    change(on);
    expect(said(refresh(on, token))).toBe(words);
  });
});

describe("a caller that is no person", () => {
  const sts = (on: Stage, fields: Fields = {}): Answer =>
    send(
      on.emulator,
      "POST",
      "/v1/token",
      query({
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        audience: "//pool",
        scope: iam,
        subject_token: "their-token",
        ...fields,
      }),
    );

  function withPool(): Stage {
    const on = office();
    on.emulator.workloads.registerPool("//pool", { "their-token": "principal://pool/subject/ci" });
    return on;
  }

  it("has an account sign, by the token of another cloud", () => {
    const on = withPool();
    const token = sts(on).json.access_token;
    const headers = { authorization: `Bearer ${token}` };
    const signed = send(
      on.emulator,
      "POST",
      `/v1/projects/-/serviceAccounts/${robot}:signJwt`,
      { payload: "{}" },
      headers,
    );
    expect(signed.json.signedJwt.split(".")).toHaveLength(3);
    const become = `/v1/projects/-/serviceAccounts/${robot}:generateAccessToken`;
    const became = send(on.emulator, "POST", become, { scope: [iam] }, headers).json;
    expect(on.emulator.tokens.subjectOf(became.accessToken)).toBe(robot);
    expect(Date.parse(became.expireTime)).toBe(on.emulator.now() + 3_600_000);
  });

  it.each<[string, Fields, string]>([
    ["for another grant", { grant_type: "password" }, "400 unsupported_grant_type: Invalid grant_type: password"],
    ["of an unknown pool", { audience: "//other" }, "400 invalid_target: The target service"],
    ["with another token", { subject_token: "x" }, "400 invalid_grant: The given credential is rejected"],
  ])("%s is refused", (_name, fields, words) => {
    expect(said(sts(withPool(), fields))).toContain(words);
  });

  it.each<[string, string, object, string]>([
    ["an account that does not exist", "no@p1.iam.gserviceaccount.com:signJwt", { payload: "{}" }, "404 NOT_FOUND"],
    ["what is no JSON", `${robot}:signJwt`, { payload: "x" }, "400 INVALID_ARGUMENT"],
    ["a token without scopes", `${robot}:generateAccessToken`, { scope: [] }, "400 INVALID_ARGUMENT"],
  ])("cannot have signed %s", (_name, path, body, words) => {
    const { emulator } = office();
    emulator.tokens.delegate("c1", [iam]);
    const answer = call(emulator, "admin", `POST /v1/projects/-/serviceAccounts/${path}`, {
      body,
      scopes: [iam],
    });
    expect(`${answer.status} ${answer.json.error.status}`).toBe(words);
  });

  it("is the machine itself, where there is one and it is asked as it wants to be", () => {
    const on = office();
    const path = "/computeMetadata/v1/instance/service-accounts/default/token";
    const get = (headers: Readonly<Record<string, string>>): Answer =>
      send(on.emulator, "GET", path, undefined, headers);
    expect(get({ "metadata-flavor": "Google" }).status).toBe(404);
    on.emulator.workloads.machine = { email: "m@p1.iam.gserviceaccount.com", projectId: "p1" };
    expect(get({}).status).toBe(404);
    expect(get({ "metadata-flavor": "Google" }).json).toMatchObject({ expires_in: 3599, token_type: "Bearer" });
  });
});
