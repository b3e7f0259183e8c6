/** Every way to authenticate, examined: no key at all, a person who signed in, a command that prints a token. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allScopes } from "../../src/emulator/front.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import { examined, granted } from "./patient.ts";
import type { Patient, Told } from "./patient.ts";

const robot = "handover@handover-emulator.iam.gserviceaccount.com";

function trouble({ code, document }: Told): object {
  const unknown = document.checks.filter(({ verdict, id }) => verdict === "unknown" && id !== "quota");
  return {
    code,
    fail: document.checks.filter(({ verdict }) => verdict === "fail").map(({ id }) => id),
    because: [...new Set(unknown.map(({ because }) => because))],
  };
}

/** Nothing but the machine's own account, which the emulator's metadata server gives out. */
function keyless(more: Partial<Patient> = {}): Patient {
  return {
    flags: { key: undefined, auth: "keyless", serviceAccount: robot },
    ...more,
    breaks: async (tenant, folder) => {
      tenant.emulator.workloads.machine = {
        email: "machine@handover-emulator.iam.gserviceaccount.com",
        projectId: "p",
      };
      await more.breaks?.(tenant, folder);
    },
  };
}

/** A command that prints one token, of the administrator, with these scopes. */
function commanded(scopes: readonly string[]): Patient {
  return {
    // What the command may be given is not the doctor's to ask for.
    tenant: { scopes: allScopes },
    flags: { key: undefined, tokenCommand: "cat token.txt", admin: undefined },
    breaks: async ({ emulator, admin }: RunningEmulator, folder) => {
      const token = emulator.mint(admin, scopes);
      await writeFile(join(folder, "token.txt"), token);
      await writeFile(join(folder, "handover.yaml"), `token_actor: ${admin}\n`, { mode: 0o600 });
    },
  };
}

describe("handover doctor without a key", () => {
  it("passes, and lists the host that signs", async () => {
    const told = await examined(keyless());
    expect(trouble(told)).toEqual({ code: 0, fail: [], because: [] });
    expect(told.check("client-id").evidence).toBe("104000000000000000001");
    expect(told.document.hosts.map(({ origin }) => origin)).toContain("https://iamcredentials.googleapis.com");
    expect(told.check("reach:iamcredentials.googleapis.com").verdict).toBe("pass");
  });

  it.each([
    ["nobody may sign for the account", { tokenCreator: "denied" }, "roles/iam.serviceAccountTokenCreator"],
    ["the API that signs is disabled", { iamCredentialsApi: "disabled" }, "IAM Service Account Credentials API"],
  ] as const)("names that %s", async (_name, switches, says) => {
    const told = await examined(keyless({ tenant: { switches } }));
    expect(trouble(told)).toEqual({ code: 4, fail: ["sign-in"], because: ["sign-in"] });
    expect(JSON.stringify(told.check("sign-in").fixes)).toContain(says);
  });

  it("tells the client id that nothing is delegated to, which no file holds", async () => {
    const told = await examined(keyless({ tenant: { scopes: [] } }));
    expect(trouble(told)).toEqual({ code: 4, fail: ["delegation"], because: ["delegation"] });
    expect(told.check("delegation").fixes[0]?.enter?.[0]).toEqual({
      field: "Client ID",
      value: "104000000000000000001",
    });
  });
});

describe("handover doctor with a sign-in", () => {
  it("says that nobody has signed in", async () => {
    const client = { installed: { client_id: "1-a.apps.googleusercontent.com", client_secret: "s" } };
    const told = await examined({
      flags: { key: undefined, admin: undefined, oauthClient: "client.json" },
      breaks: (_tenant, folder) => writeFile(join(folder, "client.json"), JSON.stringify(client), { mode: 0o600 }),
    });
    expect(trouble(told)).toEqual({ code: 4, fail: ["settings"], because: ["settings"] });
    expect(told.check("settings").fixes[0]?.action).toBe("type handover auth login");
  });
});

describe("handover doctor with a token command", () => {
  it("passes a token that holds what is used and nothing else", async () => {
    expect(trouble(await examined(commanded(granted)))).toEqual({ code: 0, fail: [], because: [] });
  });

  it("names what the token lacks", async () => {
    const told = await examined(commanded(granted.filter((scope) => !scope.endsWith("/datastudio"))));
    expect(trouble(told)).toEqual({ code: 4, fail: ["scope:datastudio"], because: [] });
  });

  it("names what the token holds and nobody uses", async () => {
    const told = await examined(commanded([...granted, "https://www.googleapis.com/auth/cloud-platform"]));
    expect(trouble(told)).toEqual({ code: 4, fail: ["too-wide"], because: [] });
    expect(told.check("too-wide").evidence).toContain("never used: cloud-platform");
  });

  it("names a command that fails", async () => {
    const told = await examined({
      ...commanded(granted),
      flags: { key: undefined, admin: undefined, tokenCommand: "false" },
    });
    expect(trouble(told)).toEqual({ code: 4, fail: ["sign-in"], because: ["sign-in"] });
  });
});
