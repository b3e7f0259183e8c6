/** Tokens without a key: whoever the source is, an account signs for them; and what each refusal is called. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { resolveSettings } from "../../src/cli/config.ts";
import { openTokens } from "../../src/cli/connect.ts";
import type { GivenToken } from "../../src/google/auth.ts";
import { dataStudioScopes } from "../../src/google/scopes.ts";
import { email } from "../google/scripted.ts";
import { Scene } from "./scene.ts";
import { world } from "./world.ts";

const robot = "handover@handover-emulator.iam.gserviceaccount.com";
const anna = email("anna@acme.example");
const pool = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/ci";
const theirToken = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjaSJ9.their-signature-that-is-long-enough";

let scene: Scene;
/** Another cloud's address for a workload's own token. */
let otherCloud = "";
let closeOther = (): void => undefined;

beforeAll(async () => {
  const { folder } = await world();
  scene = await Scene.start({ users: 20, assets: 100, adcFile: `${folder}/adc.json` });
  await writeFile(scene.path("adc.json"), await readFile(`${folder}/adc.json`), { mode: 0o600 });
  scene.google.emulator.workloads.registerPool(pool, { [theirToken]: "principal://ci" });
  const server = createServer((request, response) => {
    const isKnown = request.headers["authorization"] === "bearer of-the-workload";
    response.writeHead(isKnown ? 200 : 403).end(isKnown ? JSON.stringify({ value: theirToken }) : "who are you");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  otherCloud = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  closeOther = () => void server.close();
});
beforeEach(() => {
  const { workloads } = scene.google.emulator;
  workloads.machine = { email: "machine@handover-emulator.iam.gserviceaccount.com", projectId: "p" };
  scene.google.emulator.log.clear();
});
afterEach(() => scene.google.emulator.setSwitches({ tokenCreator: "granted", iamCredentialsApi: "enabled" }));
afterAll(async () => {
  closeOther();
  await scene.close();
});

interface Given {
  readonly account?: string;
  readonly source?: object | string;
  readonly env?: Readonly<Record<string, string>>;
  readonly times?: number;
}

async function tokenOf({ account = robot, source, env = {}, times = 1 }: Given = {}): Promise<readonly GivenToken[]> {
  if (source !== undefined) {
    const text = typeof source === "string" ? source : JSON.stringify(source);
    await writeFile(scene.path("source.json"), text, { mode: 0o600 });
  }
  const adc = source === undefined ? {} : { GOOGLE_APPLICATION_CREDENTIALS: "source.json" };
  const { context } = await world({ folder: scene.folder, env: { ...adc, PATH: process.env["PATH"] ?? "", ...env } });
  const settings = await resolveSettings(context, { color: false, serviceAccount: account });
  const tokens = await openTokens(context, settings);
  try {
    const given: GivenToken[] = [];
    for (let index = 0; index < times; index += 1) given.push(await tokens.ask(anna, dataStudioScopes.read));
    return given;
  } finally {
    await tokens.close();
  }
}

const routes = (): readonly string[] => scene.google.emulator.log.entries().map(({ route }) => route);
const workload = (source: object, more: object = {}): object => ({
  type: "external_account",
  audience: pool,
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: source,
  ...more,
});
const becoming = {
  service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${robot}:generateAccessToken`,
};
const adc = async (): Promise<object> => JSON.parse(await scene.read("adc.json")) as object;
const key = async (): Promise<object> => JSON.parse(await scene.read("key.json")) as object;

describe("an account signs for", () => {
  const signed = ["serviceAccounts.signJwt", "token"];

  it.each<[string, () => Promise<Given>, readonly string[]]>([
    ["a person", async () => ({ source: await adc() }), ["token", ...signed]],
    ["the machine", async () => ({}), ["metadata.token", ...signed]],
    ["another account with a key", async () => ({ source: await key() }), ["token", ...signed]],
    [
      "a workload with a token in a file",
      async () => {
        await scene.write("their.jwt", `${theirToken}\n`);
        return { source: workload({ file: scene.path("their.jwt") }) };
      },
      ["sts.token", ...signed],
    ],
    [
      "a workload with a token in a JSON file, which becomes an account first",
      async () => {
        await scene.write("their.json", JSON.stringify({ a: { b: 1 }, tok: theirToken }));
        const format = { type: "json", subject_token_field_name: "tok" };
        return { source: workload({ file: scene.path("their.json"), format }, becoming) };
      },
      ["sts.token", "serviceAccounts.generateAccessToken", ...signed],
    ],
    [
      "a workload with a token at an address",
      async () => ({
        source: workload({
          url: `${otherCloud}/token?audience=x`,
          headers: { authorization: "bearer of-the-workload" },
          format: { type: "json", subject_token_field_name: "value" },
        }),
      }),
      ["sts.token", ...signed],
    ],
    [
      "a workload with a token from a command",
      async () => {
        await scene.write("say.sh", `echo '{"version":1,"success":true,"token_type":"x","id_token":"${theirToken}"}'`);
        return {
          source: workload({ executable: { command: `sh ${scene.path("say.sh")}` } }),
          env: { GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: "1" },
        };
      },
      ["sts.token", ...signed],
    ],
    [
      "a person who becomes an account first",
      async () => ({ source: { type: "impersonated_service_account", source_credentials: await adc(), ...becoming } }),
      ["token", "serviceAccounts.generateAccessToken", ...signed],
    ],
  ])("%s", async (_name, make, expected) => {
    const [given] = await tokenOf(await make());
    expect(scene.google.emulator.tokens.subjectOf(given?.token ?? "")).toBe(anna);
    expect(routes()).toEqual(expected);
  });

  it("whom gcloud remembers, where CLOUDSDK_CONFIG says", async () => {
    await scene.write("application_default_credentials.json", JSON.stringify(await adc()));
    await tokenOf({ env: { CLOUDSDK_CONFIG: scene.folder } });
    expect(routes()).toEqual(["token", ...signed]);
  });

  it("one who is asked for once, for however many users", async () => {
    await tokenOf({ source: await adc(), times: 3 });
    expect(routes()).toEqual(["token", ...signed, ...signed, ...signed]);
  });

  it("one whose token Google dropped, with a new one", async () => {
    const { emulator } = scene.google;
    emulator.setFaults([{ route: "serviceAccounts.signJwt", nth: 2, fault: { kind: "expireTokens" } }]);
    await tokenOf({ source: await adc(), times: 2 });
    emulator.setFaults([]);
    expect(routes().filter((route) => route === "serviceAccounts.signJwt")).toHaveLength(3);
  });
});

describe("a refusal is told apart:", () => {
  it.each<[string, () => Promise<Given>, object]>([
    [
      "the role is missing",
      async () => {
        scene.google.emulator.setSwitches({ tokenCreator: "denied" });
        return {};
      },
      { failure: "sign-denied", status: 403, message: /Permission 'iam\.serviceAccounts\.signJwt' denied/ },
    ],
    [
      "the role is missing to become an account",
      async () => {
        scene.google.emulator.setSwitches({ tokenCreator: "denied" });
        return { source: { type: "impersonated_service_account", source_credentials: await adc(), ...becoming } };
      },
      { failure: "source-credentials", status: 403, message: /getAccessToken/ },
    ],
    [
      "the API is off",
      async () => {
        scene.google.emulator.setSwitches({ iamCredentialsApi: "disabled" });
        return {};
      },
      { failure: "iam-disabled", status: 403, message: /iamcredentials\.googleapis\.com has not been used/ },
    ],
    [
      "there is no such account",
      async () => ({ account: "handovr@handover-emulator.iam.gserviceaccount.com" }),
      { failure: "no-such-service-account", status: 404 },
    ],
    [
      "the person's sign-in has ended",
      async () => ({ source: { ...(await adc()), refresh_token: "1//0gone" } }),
      { failure: "source-credentials", status: 400, message: /invalid_grant: Token has been expired or revoked/ },
    ],
    [
      "the pool does not take the workload",
      async () => {
        await scene.write("their.jwt", "another");
        return { source: workload({ file: scene.path("their.jwt") }) };
      },
      { failure: "source-credentials", status: 400, message: /invalid_grant/ },
    ],
    [
      "the workload has no token",
      async () => ({ source: workload({ file: scene.path("none.jwt") }) }),
      { failure: "source-credentials", message: /there is no token of the workload in .*none\.jwt/ },
    ],
    [
      "the workload's address refuses",
      async () => ({ source: workload({ url: `${otherCloud}/`, headers: { authorization: "bearer wrong-proof" } }) }),
      { failure: "source-credentials", status: 403, message: /who are you/ },
    ],
    [
      "a command is named and not allowed",
      async () => ({ source: workload({ executable: { command: "sh -c true" } }) }),
      { failure: "source-credentials", message: /unless GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES is 1/ },
    ],
    [
      "the command fails",
      async () => ({
        source: workload({ executable: { command: `sh -c "echo no >&2; exit 2"` } }),
        env: { GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: "1" },
      }),
      { failure: "source-credentials", message: /ended with 2: no/ },
    ],
    [
      "the command says why",
      async () => ({
        source: workload({ executable: { command: `sh -c 'echo "{\\"success\\":false,\\"code\\":\\"401\\"}"'` } }),
        env: { GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: "1" },
      }),
      { failure: "source-credentials", message: /has no token \(401\)/ },
    ],
    [
      "the machine has no account",
      async () => {
        scene.google.emulator.workloads.machine = undefined;
        return {};
      },
      { status: 404 },
    ],
  ])("%s", async (_name, make, expected) => {
    const error = await tokenOf(await make()).catch((thrown: unknown) => thrown);
    const { message, ...facts } = expected as { readonly message?: RegExp };
    expect(error).toMatchObject({ name: "ApiError", disposition: "halt-run", ...facts });
    expect((error as Error).message).toMatch(message ?? /./);
  });

  it("there is neither a file nor a metadata server", async () => {
    const { context } = await world({ env: { GCE_METADATA_HOST: "127.0.0.1:1", HANDOVER_ADMIN: "a@acme.example" } });
    const tokens = await openTokens(context, await resolveSettings(context, { color: false, serviceAccount: robot }));
    await expect(tokens.ask(anna, dataStudioScopes.read)).rejects.toMatchObject({ failure: "no-credentials" });
    await tokens.close();
  });

  it.each<[string, Given, RegExp]>([
    [
      "a file that is not there",
      { env: { GOOGLE_APPLICATION_CREDENTIALS: "none.json" } },
      /no file of credentials .*none\.json/,
    ],
    ["no JSON", { source: "-----BEGIN secret" }, /is not JSON/],
    ["of an unknown type", { source: { type: "gdch_service_account" } }, /type "gdch_service_account", which cannot/],
    ["a secret for a type", { source: { type: "MIIEsecret/+" } }, /holds no credentials of Google's kinds/],
    [
      "without a refresh token",
      { source: { type: "authorized_user", client_id: "secret" } },
      /lacks parts.*client_secret, refresh_token/,
    ],
    [
      "a token exchange elsewhere",
      { source: workload({ file: "x" }, { token_url: "https://evil.example/v1/token" }) },
      /token_url of .* would go elsewhere/,
    ],
    [
      "an address without TLS",
      { source: workload({ url: "http://evil.example/" }) },
      /neither https nor on this machine/,
    ],
    [
      "signed requests of AWS",
      { source: workload({ environment_id: "aws1", url: "http://127.0.0.1" }) },
      /AWS, which is not supported/,
    ],
    ["nowhere to find a token", { source: workload({}) }, /names no file, address or command/],
    [
      "an account at another address",
      { source: workload({ file: "x" }, { service_account_impersonation_url: "https://evil.example/" }) },
      /is not one of Google's/,
    ],
  ])("credentials are refused that are %s, without being shown", async (_name, given, problem) => {
    const error = await tokenOf(given).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "UsageError", message: expect.stringMatching(problem) as string });
    expect(JSON.stringify([error, (error as Error).message])).not.toContain('secret"');
    expect((error as Error).message).not.toContain("MIIE");
  });
});

describe("files of credentials", () => {
  it.each<[number, RegExp]>([
    [0o644, /can be read by others \(mode 644\)/],
    [0o660, /can be changed by others/],
  ])("are refused at mode %o", async (mode, problem) => {
    await scene.write("open.json", JSON.stringify(await adc()));
    await chmod(scene.path("open.json"), mode);
    await expect(tokenOf({ env: { GOOGLE_APPLICATION_CREDENTIALS: "open.json" } })).rejects.toThrow(problem);
  });

  it("are not asked for where GCE_METADATA_HOST says, when an endpoint stands in for Google", async () => {
    await tokenOf({ env: { GCE_METADATA_HOST: "evil.example" } });
    expect(routes()).toContain("metadata.token");
  });

  it("are no metadata server of somebody else's", async () => {
    const { context } = await world({ env: { GCE_METADATA_HOST: "evil.example", HANDOVER_ADMIN: "a@acme.example" } });
    const settings = await resolveSettings(context, { color: false, serviceAccount: robot });
    await expect(openTokens(context, settings)).rejects.toThrow(/GCE_METADATA_HOST names "evil\.example"/);
  });
});
