/** Whose quota workers share: that of the Cloud project of their credentials, whichever way these are given. */
import { join } from "node:path";
import { expect, it } from "vitest";
import type { AuthSettings } from "../../src/cli/auth-settings.ts";
import { connectAs, scopeOf } from "../../src/cli/connect.ts";
import { wallClock } from "../../src/cli/context.ts";
import { openCredentials } from "../../src/cli/credentials.ts";
import { startEmulator } from "../../src/emulator/start.ts";
import type { RunningEmulator } from "../../src/emulator/start.ts";
import type { CellChange, SharedCells } from "../../src/model/shared-cells.ts";
import { email } from "../report/sample.ts";
import { CellsInMemory } from "../support/cells.ts";
import { world } from "./world.ts";
import type { World } from "./world.ts";

/** Notes which cells are asked for. */
class Noted implements SharedCells {
  readonly keys = new Set<string>();
  readonly #inner = new CellsInMemory(wallClock, 0, 0);

  change<Answer>(
    keys: readonly string[],
    change: (texts: ReadonlyMap<string, string>, now: number) => CellChange<Answer>,
  ): Promise<Answer> {
    for (const key of keys) this.keys.add(key);
    return this.#inner.change(keys, change);
  }
}

it("one project is one scope for all tenants, and without one each tenant is", () => {
  expect(scopeOf("moving-day", "acme.example")).toBe(scopeOf("moving-day", "globex.example"));
  expect(scopeOf("moving-day", "acme.example")).not.toBe(scopeOf("other", "acme.example"));
  expect(scopeOf(undefined, "acme.example")).not.toBe(scopeOf(undefined, "globex.example"));
  expect(scopeOf(undefined, "acme.example")).toBe("acme.example");
});

async function keyed(): Promise<{
  readonly google: RunningEmulator;
  readonly made: World;
  readonly key: AuthSettings;
}> {
  const made = await world();
  const keyFile = join(made.folder, "key.json");
  const google = await startEmulator({ clock: wallClock, keyFile, users: 20, assets: 100 });
  return { google, made, key: { mode: "key", from: "--key", keyFile } };
}

it("the project is the same by a key and without one", async () => {
  const { google, made, key } = await keyed();
  const project = async (auth: AuthSettings): Promise<string | undefined> =>
    (await openCredentials(made.context, auth, google.url)).project;
  const serviceAccount = email("machine@handover-emulator.iam.gserviceaccount.com");
  expect(await project(key)).toBe("handover-emulator");
  const keyless: AuthSettings = { mode: "keyless", from: "", serviceAccount, credentialsFile: undefined };
  expect(await project(keyless)).toBe("handover-emulator");
  await google.close();
});

it.each([
  ["meet at the same cells where the project is known", true],
  ["have cells of their own where it is not", false],
])("workers of two tenants %s", async (_what, isKnown) => {
  const { google, made, key } = await keyed();
  const reach = { endpoint: google.url, proxy: undefined, rate: undefined, actorRate: undefined };
  const used: (readonly string[])[] = [];
  for (const tenant of ["acme.example", "globex.example"]) {
    const cells = new Noted();
    const { project, ...credentials } = await openCredentials(made.context, key, google.url);
    const { api } = connectAs(
      made.context,
      { ...reach, admin: email(google.admin) },
      { ...credentials, ...(isKnown ? { project } : {}) },
      {
        access: "read",
        concurrency: 1,
        stop: new AbortController().signal,
        onEvent: () => undefined,
        onCall: () => undefined,
        onRetry: () => undefined,
        shared: { cells, tenant },
      },
    );
    await api.directory.user(email(google.admin)).catch(() => undefined);
    await api.close();
    used.push([...cells.keys].toSorted((a, b) => (a < b ? -1 : 1)));
  }
  await google.close();
  expect(used[0]?.length).toBeGreaterThan(0);
  if (isKnown) expect(used[1]).toEqual(used[0]);
  else expect(used[0]?.filter((cell) => used[1]?.includes(cell))).toEqual([]);
});
