/** Which hosts may be contacted at all, and where their requests go when an endpoint stands in for Google. */
import { UsageError } from "../model/errors.ts";

export const dataStudioOrigin = "https://datastudio.googleapis.com";
export const tokenOrigin = "https://oauth2.googleapis.com";
export const adminOrigin = "https://admin.googleapis.com";

export const iamOrigin = "https://iamcredentials.googleapis.com";
export const stsOrigin = "https://sts.googleapis.com";
/** Answers on Google's own machines only; the one origin without TLS, as it never leaves the machine. */
export const metadataOrigin = "http://metadata.google.internal";

const allowedOrigins: ReadonlySet<string> = new Set([
  dataStudioOrigin,
  tokenOrigin,
  adminOrigin,
  iamOrigin,
  stsOrigin,
  metadataOrigin,
]);

/** Where one request goes. */
export interface Target {
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
}

const noOrigins: ReadonlySet<string> = new Set();

/**
 * Splits an address of Google into origin and path, with `endpoint` in the place of the origin when there is one.
 * `besides` are origins that the credentials name, which nothing stands in for. Throws a plain error for any other host:
 * nothing in the product asks for one.
 */
export function routeOf(url: string, endpoint: string | undefined, besides: ReadonlySet<string> = noOrigins): Target {
  const slash = url.indexOf("/", "https://".length);
  const origin = slash < 0 ? url : url.slice(0, slash);
  if (besides.has(origin)) return { origin, path: slash < 0 ? "/" : url.slice(slash) };
  if (!allowedOrigins.has(origin)) throw new Error(`refusing to contact ${JSON.stringify(origin.slice(0, 100))}`);
  return { origin: endpoint ?? origin, path: slash < 0 ? "/" : url.slice(slash) };
}

/**
 * Reads the address of a stand-in for Google and answers its origin. Plain HTTP is for this machine only, because
 * requests carry access tokens. Throws `UsageError`.
 */
export function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new UsageError(
      `the endpoint ${JSON.stringify(text.slice(0, 200))} is not an http or https address`,
      "write it as the emulator prints it, such as http://127.0.0.1:8080",
    );
  }
  if (url.username !== "" || url.password !== "" || url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw new UsageError(
      `the endpoint ${url.origin} has more to it than scheme, host and port`,
      `write ${url.origin}; Google's own paths are appended to it`,
    );
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw new UsageError(
      `the endpoint ${url.origin} would receive access tokens unencrypted`,
      "use https, or an address of this machine (127.0.0.1, localhost)",
    );
  }
  return url.origin;
}

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
