/** Signing in and scopes: each refusal of a token is put down to what it is about, with the place where that is mended. */
import { describe, expect, it } from "vitest";
import { isGranted } from "../../src/engine/doctor/asking.ts";
import { NetworkError } from "../../src/google/exchange.ts";
import { dataStudioScopes, scopeUses } from "../../src/google/scopes.ts";
import { failed } from "../../src/model/doctor.ts";
import type { Fix } from "../../src/model/doctor.ts";
import type { FailureClass } from "../../src/model/errors.ts";
import { admin, anna, email } from "../google/scripted.ts";
import { clientId, examined, refusal, refused, robot, scopesInUse } from "./examination.ts";
import type { Broken } from "./examination.ts";

const base = "https://www.googleapis.com/auth/";
const delegationPage = "https://admin.google.com/ac/owl/domainwidedelegation";
const usersPage = "https://admin.google.com/ac/users";
const keysPage = "https://console.cloud.google.com/iam-admin/serviceaccounts?project=acme-movers";

const everything = (failure: FailureClass): Broken => ({ refuses: () => refusal(failure) });
const asUser = (failure: FailureClass): Broken => ({
  refuses: (actor) => (actor === admin ? refusal(failure, "halt-actor") : undefined),
});
const asClient = (failure: FailureClass): Broken => ({
  refuses: (actor) => (actor === admin ? refusal(failure) : undefined),
});
const without = (...scopes: readonly string[]): Broken => ({
  refuses: (_actor, scope) =>
    scopesInUse.includes(scope) && !scopes.includes(scope) ? undefined : refusal("unauthorized-client"),
});

function places(fixes: readonly Fix[]): readonly (string | undefined)[] {
  return fixes.map(({ url }) => url);
}

describe("a sound tenant", () => {
  it("passes everything but the quota, of which nobody tells", async () => {
    const { wrong, tenant, of } = await examined();
    expect(wrong).toEqual({ quota: "unknown" });
    expect(tenant).toBe("acme.example");
    expect(of("delegation").evidence).toBe("granted 8 of 8 scopes asked for");
    expect(of("too-wide").evidence).toBe("none of 8 wider scopes asked for was granted");
    expect(of("client-id").evidence).toBe(clientId);
  });

  it("gives every check its place among the others", async () => {
    const { results } = await examined();
    const kinds = results.map(({ id, group, area, isNeeded }) => `${group} ${id} ${area} ${isNeeded}`);
    expect(kinds.slice(3)).toEqual([
      "network reach:oauth2.googleapis.com other true",
      "network reach:datastudio.googleapis.com other true",
      "network reach:admin.googleapis.com other true",
      "network clock access true",
      "sign-in admin access true",
      "sign-in sign-in access true",
      "sign-in client-id access false",
      "sign-in delegation access true",
      "sign-in admin-account access true",
      "grants scope:datastudio.readonly access true",
      "grants scope:admin.directory.user.readonly access true",
      "grants scope:admin.directory.group.readonly access true",
      "grants scope:admin.directory.domain.readonly access true",
      "grants scope:admin.directory.group.member.readonly access false",
      "grants scope:admin.datatransfer.readonly access true",
      "grants scope:datastudio access true",
      "grants scope:admin.datatransfer access true",
      "grants too-wide access true",
      "services studio-api access true",
      "services admin-api access true",
      "rights admin-role access true",
      "rights right:domains access true",
      "rights right:users access true",
      "rights right:groups access true",
      "rights right:transfers access true",
      "services transfer-application other true",
      "services quota other false",
    ]);
  });

  it("is told which scopes there are, whose verbs they are, and that each was granted", async () => {
    const { needs } = await examined();
    expect(needs).toEqual(scopeUses.map(({ scope, verbs, isNeeded }) => ({ scope, verbs, isNeeded, isGranted: true })));
  });

  it("is asked for reading alone where that is all that is wanted, and writing is then too much", async () => {
    const read = scopeUses.filter(({ access }) => access === "read").map(({ scope }) => scope);
    const { needs, of } = await examined({ access: "read" });
    expect(needs.map(({ scope }) => scope)).toEqual(read);
    expect(of("too-wide")).toMatchObject({
      verdict: "fail",
      fixes: [{ enter: [{ value: clientId }, { value: read.join(",") }] }],
    });
    expect(of("too-wide").evidence).toContain("datastudio, admin.datatransfer.");
  });
});

describe("signing in", () => {
  it.each([
    ["the service account, which needs no delegation for itself", {}, robot],
    ["the one person a token is of", { onlyActor: anna }, anna],
    ["the administrator, where nobody else is known", { identity: undefined }, admin],
  ] as const)("is as %s", async (_who, caller, expected) => {
    const { asked, of } = await examined({ caller });
    expect(asked[0]).toBe(`${expected} ${dataStudioScopes.read}`);
    expect(of("sign-in").evidence).toContain(expected);
  });

  it.each([
    ["bad-signature", keysPage],
    ["unknown-issuer", keysPage],
    ["invalid-client", keysPage],
    ["bad-assertion", keysPage],
    ["not-google", undefined],
    ["token-command", undefined],
  ] as const)("that is refused as %s names where that is mended", async (failure, place) => {
    const { wrong, of } = await examined(everything(failure));
    const { evidence, fixes } = of("sign-in");
    expect(wrong).toMatchObject({ "sign-in": "fail", "client-id": "sign-in", delegation: "sign-in", quota: "unknown" });
    expect(evidence).toContain("in Google's words");
    expect(places(fixes)).toEqual([place]);
  });

  it("names the account a new key is made for, where it is known", async () => {
    const known = await examined(everything("bad-signature"));
    expect(known.of("sign-in").evidence).toContain(`one of ${robot}`);
    expect(known.of("sign-in").fixes[0]?.action).toContain(`for ${robot}`);
    const unknownAccount = await examined({ ...everything("bad-signature"), caller: { identity: undefined } });
    expect(unknownAccount.of("sign-in").evidence).toContain("one of the account");
    expect(unknownAccount.of("sign-in").fixes).toMatchObject([
      { url: "https://console.cloud.google.com/iam-admin/serviceaccounts" },
    ]);
    expect(unknownAccount.of("sign-in").fixes[0]?.action).toContain("make a new key (");
  });

  it("says different things of a key that is no longer one, of an account that is unknown, and of who is not Google", async () => {
    const failures = ["bad-signature", "unknown-issuer", "not-google", "bad-assertion"] as const;
    const told = await Promise.all(
      failures.map(async (failure) => (await examined(everything(failure))).of("sign-in")),
    );
    expect(told.map(({ evidence }) => evidence.split(":")[0])).toEqual([
      `the key is not, or no longer, one of ${robot}`,
      "Google knows no such account, or it is disabled",
      "what answers is neither Google nor an emulator",
      "bad-assertion",
    ]);
    expect(told[2]?.fixes[0]?.action).toContain("--endpoint");
  });

  it("gives the remedy of the failure itself where no place is known", async () => {
    const { of } = await examined(everything("token-command"));
    expect(of("sign-in").fixes[0]?.action).toContain("run the command by hand");
  });

  it("rests on the credentials, on the host of the tokens, and, without a key, on who signs", async () => {
    expect((await examined({ given: { credentials: failed("none") } })).wrong).toMatchObject({
      "sign-in": "credentials",
    });
    const iam = await examined({ mode: "keyless", answers: unreached("iamcredentials") });
    expect(iam.wrong).toMatchObject({ "sign-in": "reach:iamcredentials.googleapis.com" });
    const token = await examined({ answers: unreached("oauth2") });
    expect(token.wrong).toMatchObject({ "sign-in": "reach:oauth2.googleapis.com" });
  });
});

function unreached(host: string): NonNullable<Broken["answers"]> {
  return (url) =>
    url.startsWith(`https://${host}.`) ? new NetworkError("ECONNREFUSED", false, "connect ECONNREFUSED") : undefined;
}

describe("the administrator", () => {
  it("is none who has a personal account", async () => {
    const { wrong, of } = await examined({ side: { admin: email("anna@gmail.com") } });
    expect(wrong).toMatchObject({ admin: "fail", delegation: "admin", "admin-account": "admin" });
    expect(of("admin").evidence).toContain("anna@gmail.com");
    expect(of("admin").fixes[0]?.action).toContain("--admin");
  });

  it.each([
    ["no-such-user", `there is no user ${admin}`, usersPage],
    ["account-deleted", `${admin} was deleted`, usersPage],
    ["reauthentication", `${admin} would have to sign in again`, "https://admin.google.com/ac/security"],
    ["account-forbidden", `nobody can act as ${admin}`, usersPage],
    ["one-person", "one-person: in Google's words", undefined],
  ] as const)("whom nobody can act as (%s) is no fault of the delegation", async (failure, says, place) => {
    const { wrong, of } = await examined(asUser(failure));
    expect(of("admin-account").evidence).toContain(says);
    expect(places(of("admin-account").fixes)).toEqual([place]);
    expect(of("admin-account").verdict).toBe("fail");
    expect(wrong).toMatchObject({ delegation: "admin-account", "too-wide": "admin-account" });
    expect(wrong).toMatchObject({ "scope:datastudio": "admin-account", "studio-api": "admin-account" });
  });

  it("is told the remedy where a token is one person's own", async () => {
    const { of } = await examined(asUser("one-person"));
    expect(of("admin-account").fixes[0]?.action).not.toBe("");
  });

  it("can be acted as where a single scope is granted", async () => {
    const { of } = await examined({
      refuses: (actor, scope) =>
        actor === admin && scope !== scopesInUse[3] ? refusal("account-forbidden", "halt-actor") : undefined,
    });
    expect(of("admin-account")).toMatchObject({ verdict: "pass", evidence: admin });
    expect(of("delegation").evidence).toBe("granted 1 of 8 scopes asked for");
  });
});

describe("a client that may act for nobody", () => {
  it("is to be entered with its scopes, letter by letter", async () => {
    const { wrong, of } = await examined(asClient("unauthorized-client"));
    expect(wrong).toMatchObject({ delegation: "fail", "admin-account": "delegation", "too-wide": "delegation" });
    const { evidence, fixes } = of("delegation");
    expect(evidence).toBe(`client ${clientId} may act for nobody: unauthorized-client: in Google's words`);
    expect(fixes[0]).toMatchObject({
      url: delegationPage,
      enter: [
        { field: "Client ID", value: clientId },
        { field: "OAuth scopes", value: scopesInUse.join(",") },
      ],
    });
    expect(fixes[0]?.action).toContain(`let client ${clientId} have these scopes`);
    expect(fixes[1]?.action).toContain(`${admin} is a user of that same organisation`);
  });

  it("is not named where nobody knows its number", async () => {
    const { of } = await examined({
      ...asClient("unauthorized-client"),
      caller: { clientId: undefined },
      answers: (url) => (url.includes("/tokeninfo") ? { body: {} } : undefined),
    });
    expect(of("delegation").evidence).toContain("this client may act for nobody");
    expect(of("delegation").fixes[0]?.enter).toEqual([{ field: "OAuth scopes", value: scopesInUse.join(",") }]);
  });

  it("is not at fault where the organisation has not authorised the app", async () => {
    const { of } = await examined(asClient("invalid-scope"));
    expect(of("delegation").evidence).toContain("the organisation has not authorised the app");
    expect(places(of("delegation").fixes)).toEqual([delegationPage, undefined]);
  });

  it("is told the remedy of any other refusal, and no page of the delegation", async () => {
    const { of } = await examined(asClient("bad-assertion"));
    expect(of("delegation")).toMatchObject({ verdict: "fail", evidence: "bad-assertion: in Google's words" });
    expect(places(of("delegation").fixes)).toEqual([undefined]);
    expect(of("admin-account").because).toBe("delegation");
  });
});

describe("a scope", () => {
  const missing = `${base}admin.directory.group.readonly`;

  it("that is missing is to be added, with all the others that are", async () => {
    const { wrong, needs, of } = await examined(without(missing, dataStudioScopes.write));
    expect(wrong).toEqual({
      "scope:admin.directory.group.readonly": "fail",
      "scope:datastudio": "fail",
      "right:groups": "scope:admin.directory.group.readonly",
      quota: "unknown",
    });
    const { evidence, fixes } = of("scope:datastudio");
    expect(evidence).toBe("not granted, for apply (unauthorized-client)");
    expect(fixes).toMatchObject([
      {
        url: delegationPage,
        enter: [{ value: clientId }, { field: "OAuth scopes", value: `${missing},${dataStudioScopes.write}` }],
      },
    ]);
    expect(fixes[0]?.action).toContain(`the entry of client ${clientId}`);
    expect(needs.filter((need) => need.isGranted === false).map(({ scope }) => scope)).toEqual([
      missing,
      dataStudioScopes.write,
    ]);
  });

  it("that the verbs do without is merely advised", async () => {
    const member = `${base}admin.directory.group.member.readonly`;
    const { wrong, of } = await examined(without(member));
    expect(wrong).toEqual({ "scope:admin.directory.group.member.readonly": "advice", quota: "unknown" });
    expect(of("scope:admin.directory.group.member.readonly").evidence).toContain("for inventory, audit");
  });

  it("that every verb asks for says so", async () => {
    const { of } = await examined(without(missing));
    expect(of("scope:admin.directory.group.readonly").evidence).toContain("for every verb");
  });

  it("of a client without a number is added to the client's entry", async () => {
    const { of } = await examined({ ...without(missing), caller: { clientId: undefined }, facts: { azp: undefined } });
    const [fix] = of("scope:admin.directory.group.readonly").fixes;
    expect(fix?.action).toContain("the entry of the client, and");
    expect(fix?.enter).toEqual([{ field: "OAuth scopes", value: missing }]);
  });

  it("that was refused for another reason is told that reason's remedy", async () => {
    const { of, needs } = await examined({
      refuses: (_actor, scope) => (scope === missing ? refusal("bad-assertion") : refusalOfUnused(scope)),
    });
    const { evidence, fixes } = of("scope:admin.directory.group.readonly");
    expect(evidence).toBe("bad-assertion: in Google's words");
    expect(places(fixes)).toEqual([undefined]);
    expect(needs.find(({ scope }) => scope === missing)?.isGranted).toBeUndefined();
  });

  it("is not told while nothing was asked", async () => {
    const { needs } = await examined({ given: { credentials: failed("none") } });
    expect(new Set(needs.map((need) => need.isGranted))).toEqual(new Set([undefined]));
  });
});

function refusalOfUnused(scope: string): Error | undefined {
  return scopesInUse.includes(scope) ? undefined : refusal("unauthorized-client");
}

describe("whether a scope is granted", () => {
  it.each([
    ["is not known before it was asked for", undefined, undefined],
    ["is so when there is a token", { granted: true }, true],
    ["is not so when the client may not", { granted: false, error: refusal("unauthorized-client") }, false],
    ["is not so when the app is not authorised", { granted: false, error: refusal("invalid-scope") }, false],
    ["is not so when a sign-in lacks it", { granted: false, error: refusal("sign-in-scopes") }, false],
    ["is not so when the client may not ask for it", { granted: false, error: refusal("oauth-scopes") }, false],
    ["is not told by a server that fails", { granted: false, error: refusal("server-error", "retry") }, undefined],
    ["is not told by a fault of ours", { granted: false, error: new TypeError("no") }, undefined],
  ] as const)("%s", (_name, answer, expected) => {
    expect(isGranted(answer)).toBe(expected);
  });
});

describe("what is granted beyond what is used", () => {
  it("is named, with the scopes that should stand alone", async () => {
    const { of } = await examined({
      refuses: (_actor, scope) => (scope === `${base}drive` ? undefined : refusalOfUnused(scope)),
    });
    const { verdict, evidence, fixes } = of("too-wide");
    expect(verdict).toBe("fail");
    expect(evidence).toContain("never used: drive.");
    expect(fixes).toMatchObject([
      { url: delegationPage, enter: [{ value: clientId }, { value: scopesInUse.join(",") }] },
    ]);
  });

  it("is unknown when one of them is not told", async () => {
    const { of } = await examined({
      refuses: (_actor, scope) => (scope === `${base}drive` ? refusal("bad-assertion") : refusalOfUnused(scope)),
    });
    expect(of("too-wide")).toMatchObject({ verdict: "unknown", evidence: "bad-assertion: in Google's words" });
  });
});

describe("the client id", () => {
  it.each([
    ["is what Google says, where the file says nothing", { caller: { clientId: undefined } }, "pass", clientId],
    ["may stand under the older name", { facts: { azp: undefined, aud: clientId } }, "pass", clientId],
    ["that the file alone names is not told", { facts: { azp: undefined } }, "unknown", "does not say"],
    [
      "that is another than the file's was edited there",
      { facts: { azp: "999" } },
      "fail",
      `client 999, and the file says ${clientId}`,
    ],
  ] as const)("%s", async (_name, broken, verdict, says) => {
    const { of } = await examined(broken);
    expect(of("client-id").verdict).toBe(verdict);
    expect(of("client-id").evidence).toContain(says);
  });

  it.each([
    ["with the file's own", clientId, `${clientId} by the file; Google does not say: `],
    ["with none", undefined, "Google does not say: "],
  ])("that Google refuses to tell leaves everything else as it is, %s", async (_name, written, says) => {
    const { wrong, of } = await examined({
      caller: { clientId: written },
      answers: (url) => (url.includes("/tokeninfo") ? tokenless : undefined),
    });
    expect(wrong).toEqual({ "client-id": "unknown", quota: "unknown" });
    expect(of("client-id").evidence.startsWith(says)).toBe(true);
  });

  it("of the file is what is entered where Google does not tell", async () => {
    const { of } = await examined({
      ...without(dataStudioScopes.write),
      answers: (url) => (url.includes("/tokeninfo") ? tokenless : undefined),
    });
    expect(of("scope:datastudio").fixes[0]?.enter?.[0]?.value).toBe(clientId);
  });

  it("as Google says it is what is entered, though the file says another", async () => {
    const { of } = await examined({ ...without(dataStudioScopes.write), facts: { azp: "999" } });
    expect(of("scope:datastudio").fixes[0]?.enter?.[0]?.value).toBe("999");
  });
});

const tokenless = { status: 400, body: { error: "invalid_request", error_description: "sub is not told" } } as const;

describe.each(["oauth", "token"] as const)("a token of a person (%s)", (mode) => {
  const person: Broken = { mode, caller: { identity: anna, onlyActor: anna }, refuses: () => undefined };
  const holding = (...scopes: readonly string[]): Broken => ({ ...person, facts: { scope: scopes.join(" ") } });

  it("is looked at for what it holds, and nothing wider is asked for", async () => {
    const { wrong, asked, of, results } = await examined(person);
    expect(wrong).toEqual({ quota: "unknown" });
    expect(asked.filter((each) => each.endsWith("/drive"))).toEqual([]);
    expect(of("too-wide").evidence).toBe("the token holds 8 scopes, each of them used");
    expect(results.find(({ id }) => id === "delegation")?.title).toBe("consent");
  });

  it("lacks what it does not hold, whatever it was asked for", async () => {
    const { wrong, of } = await examined(holding(...scopesInUse.filter((scope) => !scope.endsWith("/datastudio"))));
    expect(wrong).toMatchObject({ "scope:datastudio": "fail" });
    expect(wrong).not.toHaveProperty("scope:datastudio.readonly");
    const [sign, table] = of("scope:datastudio").fixes;
    expect(sign?.url).toBeUndefined();
    expect(sign?.action).not.toBe("");
    expect(table?.url).toBe(delegationPage);
  });

  it("may read what it may write", async () => {
    const { wrong } = await examined(holding(...scopesInUse.filter((scope) => scope !== dataStudioScopes.read)));
    expect(wrong).not.toHaveProperty("scope:datastudio.readonly");
  });

  it.each(["openid", "email", "profile", `${base}userinfo.email`, `${base}userinfo.profile`])(
    "that holds %s holds nothing too much",
    async (harmless) => {
      expect((await examined(holding(...scopesInUse, harmless))).wrong).toEqual({ quota: "unknown" });
    },
  );

  it.each([`${base}drive`, `${base}userinfo.emails`, "myopenid", "openid2"])(
    "that holds %s holds what is never used",
    async (beyond) => {
      const { of } = await examined(holding(...scopesInUse, beyond));
      expect(of("too-wide").verdict).toBe("fail");
      expect(of("too-wide").evidence).toContain(`never used: ${beyond.replace(base, "")}.`);
      expect(of("too-wide").fixes[0]?.action).toContain("handover auth login");
    },
  );
});

it("what Google will not say of a person's token is unknown, and not passed", async () => {
  let told = 0;
  const { of } = await examined({
    mode: "token",
    caller: { identity: anna, onlyActor: anna },
    refuses: () => undefined,
    // The first look is for the client's number and the list of scopes: both rest on one answer.
    answers: (url) => (url.includes("/tokeninfo") && (told += 1) === 1 ? refused(400, "invalid") : undefined),
  });
  expect(of("too-wide").verdict).toBe("unknown");
  expect(of("too-wide").evidence).toContain("Google does not say what the token holds");
});
