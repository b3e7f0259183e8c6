/** Every answer of the APIs that the notes name, and what it means. */
import { describe } from "vitest";
import { NetworkError } from "../../src/google/exchange.ts";
import {
  directory,
  errorInfo,
  htmlPage,
  judged,
  read,
  token,
  transferRead,
  transferWrite,
  v1,
  v2,
  write,
} from "./judging.ts";
import type { Row } from "./judging.ts";

describe("without an answer", () => {
  const unsent = (code: string): NetworkError => new NetworkError(code, false, "connect failed");
  const sent = (code: string): NetworkError => new NetworkError(code, true, "lost");
  judged([
    [
      "a write that was refused a connection can be sent again",
      { ...write, network: unsent("ECONNREFUSED") },
      "retry",
      "unreachable",
    ],
    [
      "a write whose name did not resolve can be sent again",
      { ...write, network: unsent("ENOTFOUND") },
      "retry",
      "unreachable",
    ],
    [
      "a write that failed in TLS can be sent again",
      { ...write, network: unsent("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC") },
      "retry",
      "unreachable",
    ],
    ["an old certificate ends it", { ...write, network: unsent("CERT_HAS_EXPIRED") }, "halt-run", "untrusted-server"],
    [
      "a company's own certificate ends it",
      { ...read, network: unsent("SELF_SIGNED_CERT_IN_CHAIN") },
      "halt-run",
      "untrusted-server",
    ],
    [
      "a server that does not speak TLS ends it",
      { ...read, network: unsent("ERR_SSL_WRONG_VERSION_NUMBER") },
      "halt-run",
      "untrusted-server",
    ],
    [
      "a read that was refused a connection can be sent again",
      { ...read, network: unsent("ECONNREFUSED") },
      "retry",
      "unreachable",
    ],
    ["a reset leaves a write in doubt", { ...write, network: sent("ECONNRESET") }, "ambiguous", "no-answer"],
    ["a broken pipe leaves a write in doubt", { ...write, network: sent("EPIPE") }, "ambiguous", "no-answer"],
    ["a timeout leaves a write in doubt", { ...write, network: sent("TIMEOUT") }, "ambiguous", "no-answer"],
    ["a cut body leaves a write in doubt", { ...write, network: sent("UND_ERR_SOCKET") }, "ambiguous", "no-answer"],
    [
      "an oversize answer leaves a write in doubt",
      { ...write, network: sent("TOO_LARGE") },
      "ambiguous",
      "unreadable-answer",
    ],
    [
      "an undecodable answer leaves a write in doubt",
      { ...write, network: sent("BAD_ENCODING") },
      "ambiguous",
      "unreadable-answer",
    ],
    ["a reset read is repeated", { ...read, network: sent("ECONNRESET") }, "retry", "no-answer"],
    ["an oversize read is repeated", { ...read, network: sent("TOO_LARGE") }, "retry", "unreadable-answer"],
    [
      "a lost transfer request is in doubt",
      { ...transferWrite, network: sent("ECONNRESET") },
      "ambiguous",
      "no-answer",
    ],
    ["a lost token request is repeated", { ...token, network: sent("ECONNRESET") }, "retry", "no-answer"],
  ]);
});

describe("an answer of the server's own trouble", () => {
  judged([
    ...[500, 502, 503, 504, 501, 599, 408].flatMap((status): Row[] => [
      [`${status} leaves a write in doubt`, { ...write, status, body: htmlPage }, "ambiguous", "server-error"],
      [
        `${status} lets a read be repeated`,
        { ...read, status, body: v2(status, "INTERNAL", "Internal error encountered.") },
        "retry",
        "server-error",
      ],
    ]),
    [
      "an unreadable success leaves a write in doubt",
      { ...write, status: 200, body: "<html>" },
      "ambiguous",
      "unreadable-answer",
    ],
    [
      "an unreadable success lets a read be repeated",
      { ...read, status: 200, body: "{}" },
      "retry",
      "unreadable-answer",
    ],
    ["an empty success leaves a write in doubt", { ...write, status: 204 }, "ambiguous", "unreadable-answer"],
    ["a redirect leaves a write in doubt", { ...write, status: 302 }, "ambiguous", "redirected"],
    ["a redirect lets a read be repeated", { ...read, status: 302 }, "retry", "redirected"],
    ["a status nobody knows leaves a write in doubt", { ...write, status: 777 }, "ambiguous", "unknown-status"],
    ["a status below 200 leaves a write in doubt", { ...write, status: 0 }, "ambiguous", "unknown-status"],
  ]);
});

describe("a definite no", () => {
  judged([
    [
      "409 ABORTED says that the etag moved",
      { ...write, status: 409, body: v2(409, "ABORTED", "There were concurrent policy changes.") },
      "conflict",
      "stale-etag",
    ],
    ["409 without a word says the same", { ...write, status: 409 }, "conflict", "stale-etag"],
    ["412 says the same", { ...write, status: 412, body: v1(412, "conditionNotMet", "x") }, "conflict", "stale-etag"],
    [
      "400 FAILED_PRECONDITION says the same of a write",
      { ...write, status: 400, body: v2(400, "FAILED_PRECONDITION", "etag mismatch") },
      "conflict",
      "stale-etag",
    ],
    ["400 ABORTED says the same", { ...write, status: 400, body: v2(400, "ABORTED", "x") }, "conflict", "stale-etag"],
    [
      "409 of a transfer is a conflict",
      { ...transferWrite, status: 409, body: v1(409, "duplicate", "x") },
      "conflict",
      "conflict",
    ],
    [
      "409 of a read lets it be repeated",
      { ...read, status: 409, body: v2(409, "ABORTED", "The operation was aborted") },
      "retry",
      "server-error",
    ],
    [
      "400 FAILED_PRECONDITION of a read is final",
      { ...read, status: 400, body: v2(400, "FAILED_PRECONDITION", "Precondition check failed.") },
      "refuse",
      "failed-precondition",
    ],
    [
      "401 halts the user",
      { ...write, status: 401, body: v2(401, "UNAUTHENTICATED", "x", errorInfo("ACCESS_TOKEN_EXPIRED")) },
      "halt-actor",
      "unauthenticated",
    ],
    [
      "401 authError halts the user",
      { ...transferRead, status: 401, body: v1(401, "authError", "Active session is invalid. Error code: 4") },
      "halt-actor",
      "unauthenticated",
    ],
    [
      "403 for the owner",
      { ...write, status: 403, body: v2(403, "PERMISSION_DENIED", "Owner is not allowed to be modified") },
      "refuse",
      "owner-not-modifiable",
    ],
    [
      "400 for the owner",
      { ...write, status: 400, body: v2(400, "FAILED_PRECONDITION", "Owner is not allowed to be modified.") },
      "refuse",
      "owner-not-modifiable",
    ],
    [
      "403 PERMISSION_DENIED",
      { ...read, status: 403, body: v2(403, "PERMISSION_DENIED", "The caller does not have permission") },
      "refuse",
      "permission-denied",
    ],
    [
      "403 of the Directory",
      { ...directory, status: 403, body: v1(403, "forbidden", "Not Authorized to access this resource/api") },
      "refuse",
      "permission-denied",
    ],
    ["403 of a page without a word", { ...write, status: 403, body: htmlPage }, "refuse", "permission-denied"],
    [
      "403 SERVICE_DISABLED halts the run",
      {
        ...read,
        status: 403,
        body: v2(403, "PERMISSION_DENIED", "Data Studio API has not been used", errorInfo("SERVICE_DISABLED")),
      },
      "halt-run",
      "service-disabled",
    ],
    [
      "403 accessNotConfigured halts the run",
      { ...directory, status: 403, body: v1(403, "accessNotConfigured", "x") },
      "halt-run",
      "service-disabled",
    ],
    [
      "403 insufficient_scope halts the run",
      { ...read, status: 403, headers: { "www-authenticate": 'Bearer realm="x", error="insufficient_scope"' } },
      "halt-run",
      "insufficient-scope",
    ],
    [
      "403 ACCESS_TOKEN_SCOPE_INSUFFICIENT halts the run",
      { ...read, status: 403, body: v2(403, "PERMISSION_DENIED", "x", errorInfo("ACCESS_TOKEN_SCOPE_INSUFFICIENT")) },
      "halt-run",
      "insufficient-scope",
    ],
    [
      "403 Domain cannot use apis halts the run",
      { ...directory, status: 403, body: v1(403, "forbidden", "Domain cannot use apis.") },
      "halt-run",
      "project-refused",
    ],
    [
      "404",
      { ...read, status: 404, body: v2(404, "NOT_FOUND", "Requested entity was not found.") },
      "refuse",
      "not-found",
    ],
    [
      "404 of the Directory",
      { ...directory, status: 404, body: v1(404, "notFound", "Resource Not Found: userKey") },
      "refuse",
      "not-found",
    ],
    ["410", { ...read, status: 410 }, "refuse", "not-found"],
    [
      "400 INVALID_ARGUMENT",
      {
        ...write,
        status: 400,
        body: v2(400, "INVALID_ARGUMENT", "Policy contains invalid member prefix anna@acme.example"),
      },
      "refuse",
      "invalid-argument",
    ],
    ["400 of a page without a word", { ...write, status: 400, body: htmlPage }, "refuse", "invalid-argument"],
    ["418", { ...write, status: 418 }, "refuse", "rejected"],
  ]);
});
