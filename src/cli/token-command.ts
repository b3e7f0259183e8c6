/** Access tokens from a command of the user's own: asked for one person and one set of scopes at a time. */
import { createHash } from "node:crypto";
import type { z } from "zod";
import type { AskToken, GivenToken } from "../google/auth.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { Context } from "./context.ts";
import { outputOf } from "./run-command.ts";

const timeoutMs = 60_000;
/** Commands under way at once: each is a process, and often a large one. */
const atOnceMax = 4;

/**
 * What the command hands out is kept until it expires, where it says when (`{"access_token": …, "expires_in": …}`), and else
 * until Google rejects it. It is told by HANDOVER_ACTOR and HANDOVER_SCOPES what is wanted.
 */
export function askCommand(context: Context, auth: Extract<AuthSettings, { readonly mode: "token" }>): AskToken {
  const owners = new Map<string, Email>();
  const turn = turns(atOnceMax);
  return async (actor, scopes) => {
    const askedAt = context.clock.monotonic();
    const output = await turn(() =>
      outputOf(context, {
        words: auth.command,
        folder: auth.folder,
        env: { HANDOVER_ACTOR: actor, HANDOVER_SCOPES: scopes },
        timeoutMs,
        name: "the token command",
        failure: "token-command",
        actor,
      }),
    );
    const given = await readOutput(output, askedAt, actor);
    if (auth.actor === undefined) refuseShared(owners, given.token, actor);
    return given;
  };
}

/** One token for two people is a command that does not look at whom it is asked for: what it reads would be called complete. */
function refuseShared(owners: Map<string, Email>, token: string, actor: Email): void {
  const hash = createHash("sha256").update(token).digest("base64");
  const owner = owners.get(hash) ?? actor;
  owners.set(hash, owner);
  if (owner === actor) return;
  throw new ApiError(`the token command gave the same token for ${owner} and for ${actor}`, {
    disposition: "halt-run",
    failure: "same-token",
    call: { route: "token", actor },
  });
}

/** Of the characters that a header may hold. */
const bareToken = /^[\x21-\x7e]{8,16384}$/;

async function readOutput(output: string, askedAt: number, actor: Email): Promise<GivenToken> {
  const text = output.trim();
  if (bareToken.test(text) && !text.startsWith("{")) return { token: text, lifetimeMs: Infinity, askedAt };
  const answer = (await answerShape()).safeParse(parsed(text));
  if (answer.success) {
    const { access_token: token, expires_in: seconds } = answer.data;
    return { token, lifetimeMs: seconds === undefined ? Infinity : seconds * 1000, askedAt };
  }
  throw new ApiError(
    text === ""
      ? "the token command printed nothing"
      : 'the token command printed neither a token nor {"access_token": …, "expires_in": …}',
    { disposition: "halt-actor", failure: "token-command", call: { route: "token", actor } },
  );
}

async function answerShape(): Promise<
  z.ZodType<{ readonly access_token: string; readonly expires_in?: number | undefined }>
> {
  const { z } = await import("zod");
  return z.object({ access_token: z.string().regex(bareToken), expires_in: z.number().positive().optional() });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** At most so many at once; the others wait in the order they came. */
function turns(max: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = max;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
