/**
 * Google's generated clients for the Admin SDK: they know paths and parameters, and everything they send goes through
 * the same pacer, exchange and classifier as every other call. Loaded when first used, because that takes a while.
 */
import type { admin_datatransfer_v1, admin_directory_v1 } from "googleapis/build/src/apis/admin/index.js";
import type { z } from "zod";
import type { Email } from "../model/email.ts";
import type { Authorised } from "./authorised.ts";
import type { Service } from "./exchange.ts";
import type { Scopes } from "./scopes.ts";

/** The environment may name another universe; domain-wide delegation exists in this one only. */
const universe = { universeDomain: "googleapis.com" };

export async function loadDirectory(): Promise<admin_directory_v1.Admin> {
  const { admin } = await import("googleapis/build/src/apis/admin/index.js");
  return admin({ version: "directory_v1", ...universe });
}

export async function loadDataTransfer(): Promise<admin_datatransfer_v1.Admin> {
  const { admin } = await import("googleapis/build/src/apis/admin/index.js");
  return admin({ version: "datatransfer_v1", ...universe });
}

/** Who calls what. */
export interface GeneratedCall {
  readonly service: Service;
  readonly route: string;
  readonly isWrite: boolean;
  readonly actor: Email;
  readonly scopes: Scopes;
  /** Waited for when the call's turn has come, right before it leaves. */
  readonly beforeSend?: (() => Promise<void>) | undefined;
}

/** What a method of a generated client is given besides its parameters. */
export interface Carriage {
  readonly fetchImplementation: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Off: repeating is this product's own business (reliability.md 2.4). */
  readonly retry: false;
}

/**
 * Lets a generated client make one request, and answers what `schema` reads of it. The client gets an empty answer,
 * because it would take anything for JSON (api.md 4.3). Throws `ApiError`.
 */
export async function carry<T>(
  authorised: Authorised,
  call: GeneratedCall,
  schema: z.ZodType<T>,
  run: (carriage: Carriage) => Promise<unknown>,
): Promise<T> {
  let ended: { readonly answer: T } | { readonly failure: unknown } | undefined;
  const fetchImplementation: Carriage["fetchImplementation"] = async (input, init) => {
    try {
      ended = { answer: await perform(authorised, call, schema, input, init) };
    } catch (error) {
      ended = { failure: error };
      throw error;
    }
    // Without a body: making and reading the stream of even a short one takes 17 us.
    return new Response();
  };
  try {
    await run({ fetchImplementation, retry: false });
  } catch (error) {
    // The client wraps what it catches; what was thrown inside is what counts.
    throw ended !== undefined && "failure" in ended ? ended.failure : error;
  }
  if (ended === undefined || !("answer" in ended)) throw new Error(`${call.route} was answered without being sent`);
  return ended.answer;
}

function perform<T>(
  authorised: Authorised,
  { scopes, ...call }: GeneratedCall,
  schema: z.ZodType<T>,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<T> {
  const request = {
    ...call,
    method: call.isWrite ? ("POST" as const) : ("GET" as const),
    url: input instanceof Request ? input.url : input.toString(),
    headers: init?.headers === undefined ? {} : Object.fromEntries(new Headers(init.headers)),
    body: typeof init?.body === "string" ? init.body : undefined,
  };
  const read = (body: string): T => schema.parse(JSON.parse(body));
  return call.isWrite ? authorised.write(request, scopes, read) : authorised.read(request, scopes, read);
}
