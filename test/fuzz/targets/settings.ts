/** Files beside the plan: `handover.yaml`, the service account's key, and what an earlier process remembered of the pace. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveSettings } from "../../../src/cli/config.ts";
import { processContext } from "../../../src/cli/context.ts";
import { parseServiceAccountKey } from "../../../src/google/key.ts";
import { Pacer } from "../../../src/google/pacer.ts";
import { UsageError } from "../../../src/model/errors.ts";
import { ManualClock } from "../../support/clock.ts";
import { attempted } from "../oracle.ts";
import { mustHold } from "../target.ts";
import type { Target } from "../target.ts";

export const config = async (): Promise<Target> => {
  const folder = await mkdtemp(join(tmpdir(), "handover-fuzz-"));
  const context = { ...processContext("0.0.0"), cwd: folder, home: join(folder, "home"), env: {} };
  return {
    corpus: [
      "admin: admin@acme.example\nkey: key.json\nrate: 480/m\nactor_rate: 2\nlog_file: handover.log\n",
      'endpoint: "http://127.0.0.1:8080"\nkey: -\nadmin: &a admin@acme.example\n',
      "# nothing\n",
      'profile: a\nlimits: { changes: 5 }\nprofiles:\n  a: { admin: a@acme.example, auth: { mode: token, token_command: [x, "y z"], token_actor: a@acme.example } }\n  b: &b { key: k.json }\n  c: *b\n',
      "auth: { mode: keyless, service_account: r@p.iam.gserviceaccount.com, credentials: adc.json }\nadmin: a@acme.example\n",
    ].map((text) => Buffer.from(text)),
    dictionary: [
      "endpoint",
      "admin",
      "key",
      "rate",
      "actor_rate",
      "log_file",
      "auth",
      "mode",
      "keyless",
      "service_account",
      "token_command",
      "token_actor",
      "profile",
      "profiles",
      "limits",
      ": ",
      "- ",
      "\n",
      "&a ",
      "*a",
      "<<: *a",
      "&a [*a, *a]",
      "!!js/function x",
      "!!set {a}",
      "? ",
      "{",
      "[",
      "]",
      "}",
      "|",
      "---",
      "0.1",
      ".inf",
      ".nan",
      "8/s",
      "2026-01-01",
      "https://",
      "~",
    ],
    run: async (input) => {
      await writeFile(join(folder, "handover.yaml"), input, { mode: 0o600 });
      const settings = await attempted(() => resolveSettings(context, { color: false }), UsageError);
      if (settings === undefined) return;
      const { rate = 1, actorRate = 1 } = settings;
      mustHold(rate > 0 && rate < Infinity && actorRate > 0 && actorRate < Infinity, "a rate is no number");
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
};

export const keyFile = async (): Promise<Target> => {
  // Of a kind that is refused, because one of that kind can be written down: the frame of an Ed25519 key, and 32 bytes.
  const secret = "MC4CAQAwBQYDK2VwBCIEI".padEnd(64, "Handover0123456789");
  const pem = `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`;
  const file = { type: "service_account", client_email: "robot@project.iam.gserviceaccount.com", private_key: pem };
  return {
    corpus: [
      JSON.stringify({ ...file, private_key_id: "key-1", universe_domain: "googleapis.com" }, null, 2),
      JSON.stringify({ installed: { client_id: "x" } }),
      JSON.stringify({ type: "authorized_user", client_id: "x" }),
    ].map((text) => Buffer.from(text)),
    dictionary: [
      '"type":',
      '"service_account"',
      '"client_email":',
      '"private_key":',
      '"universe_domain":"x.example"',
      "-----BEGIN RSA PRIVATE KEY-----",
      "-----END PRIVATE KEY-----",
      "\\n",
      "{",
      "}",
    ],
    run: async (input) => {
      try {
        parseServiceAccountKey(input.toString("utf8"));
      } catch (error) {
        await attempted(() => {
          throw error;
        }, UsageError);
        const told = error instanceof UsageError ? error.message + error.remedy : "";
        for (let at = 0; at + 24 <= told.length; at += 1) {
          mustHold(!secret.includes(told.slice(at, at + 24)), "an error shows a part of the key");
        }
      }
    },
  };
};

export const pacerMemory = async (): Promise<Target> => ({
  corpus: [
    JSON.stringify({
      gates: [
        { gate: "writes", limitPerMinute: 120, notBeforeMs: Date.UTC(2026, 10, 21, 9, 5) },
        { gate: "writes", actor: "anna@acme.example", limitPerMinute: 30 },
        { gate: "reads", notBeforeMs: 0 },
      ],
    }),
    '{"gates":[]}',
  ].map((text) => Buffer.from(text)),
  dictionary: ['"gate":', '"writes"', '"actor":', '"limitPerMinute":', '"notBeforeMs":', "1e-300", "1e300", "1e-9"],
  run: async (input) => {
    let memory: unknown;
    try {
      memory = JSON.parse(input.toString("utf8"));
    } catch {
      return;
    }
    const clock = new ManualClock(undefined, 1);
    const pacer = new Pacer(clock);
    pacer.recall(memory);
    for (const { perMinute } of pacer.state().gates) mustHold(perMinute > 0, "nothing may ever pass again");
    const call = { service: "data-studio", kind: "write", actor: "anna@acme.example" } as const;
    let passed = 0;
    for (let index = 0; index < 3; index += 1) void pacer.take(call).then(() => (passed += 1));
    // An hour at the most for what the server asked for, then at least one call a minute.
    await clock.advance(3_600_000 + 5 * 60_000);
    mustHold(passed === 3, "a remembered pace stops a run for good");
    JSON.stringify(pacer.remember());
  },
});
