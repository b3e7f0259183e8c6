/** A folder with a key and runs of any size in it, kept while the benchmark runs: making a million steps takes a while. */
import { generateKeyPairSync } from "node:crypto";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournal } from "../../src/journal/sqlite/journal.ts";
import { createRun } from "../../src/journal/sqlite/writer.ts";
import { wallClock } from "../../src/cli/context.ts";
import type { Intent, StepResult } from "../../src/model/step.ts";
import { makeFacts } from "./facts.ts";
import { editDraft, headerFor } from "./tenant.ts";

const batch = 1000;
/** Steps carried out at once where a run is brought forward without a server. */
const claimsMax = 4000;

export class Workshop {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly #made = new Map<string, Promise<string>>();
  #copies = 0;

  private constructor(folder: string) {
    this.folder = folder;
    this.env = { HANDOVER_KEY: join(folder, "key.json"), HANDOVER_ADMIN: "admin@acme.example" };
  }

  static async open(): Promise<Workshop> {
    const folder = await mkdtemp(join(tmpdir(), "handover-bench-"));
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const key = {
      type: "service_account",
      project_id: "bench",
      private_key_id: "k1",
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      client_email: "handover@bench.iam.gserviceaccount.com",
      client_id: "1001",
      token_uri: "https://oauth2.googleapis.com/token",
    };
    await writeFile(join(folder, "key.json"), JSON.stringify(key), { mode: 0o600 });
    return new Workshop(folder);
  }

  /** A copy of a run of `steps` steps of which the first `done` are carried out. */
  async run(steps: number, done = 0): Promise<string> {
    const name = `${steps}-${done}`;
    let made = this.#made.get(name);
    if (made === undefined) {
      made = this.#make(steps, done, join(this.folder, `made-${name}.handover`));
      this.#made.set(name, made);
    }
    this.#copies += 1;
    const copy = join(this.folder, `run-${this.#copies}.handover`);
    await copyFile(await made, copy);
    return copy;
  }

  /** A snapshot of a tenant with so many assets. */
  facts(assets: number): Promise<string> {
    const path = join(this.folder, `facts-${assets}.snapshot`);
    let made = this.#made.get(path);
    if (made === undefined) {
      made = makeFacts(path, assets).then(() => path);
      this.#made.set(path, made);
    }
    return made;
  }

  /** Gives the room of a copy back. */
  async drop(path: string): Promise<void> {
    for (const end of ["", "-wal", "-shm", ".lock"]) await rm(`${path}${end}`, { force: true });
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #make(steps: number, done: number, path: string): Promise<string> {
    if (done > 0) {
      await copyFile(await this.run(steps), path);
      await carryOut(path, done);
      return path;
    }
    const writer = await createRun(path);
    for (let i = 0; i < steps; i += batch) {
      await writer.add(Array.from({ length: Math.min(batch, steps - i) }, (_, each) => editDraft(i + each)));
    }
    await writer.seal(headerFor(steps, Date.now()));
    return path;
  }
}

/** Ends `done` steps as an apply would, without a server. */
async function carryOut(path: string, done: number): Promise<void> {
  const journal = await openJournal(path, { clock: wallClock });
  try {
    for (let left = done; left > 0;) {
      const claims = await journal.claim({ max: Math.min(left, claimsMax), perActor: Infinity, halted: new Set() });
      if (claims.length === 0) throw new Error(`${left} steps are left, and none can be taken`);
      left -= claims.length;
      await Promise.all(
        claims.map(async (claim) => {
          const { step } = claim;
          if (step.kind !== "edit") throw new Error("the runs made here hold edits only");
          const { actor, delta, base } = step;
          const intent: Intent = {
            attempt: 1,
            actor,
            etag: base?.etag,
            delta,
            newOwner: undefined,
            before: undefined,
            at: Date.now(),
          };
          await journal.intent(claim, intent);
          const result: StepResult = {
            outcome: "applied",
            failure: undefined,
            reason: undefined,
            evidence: "answer",
            changed: delta,
            newOwner: undefined,
            etagBefore: base?.etag,
            etagAfter: base?.etag,
            actor,
            calls: 1,
          };
          await journal.result(claim, result);
        }),
      );
    }
  } finally {
    await journal.close();
  }
}
