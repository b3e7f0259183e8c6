/** Every refusal of the token endpoint: is it about one user, or about everybody? */
import { describe, expect, it } from "vitest";
import { classify } from "../../src/google/classify.ts";
import { wallMs, htmlPage, token, judged } from "./judging.ts";

describe("the token endpoint", () => {
  const says = (error: string, description = ""): string => JSON.stringify({ error, error_description: description });
  judged([
    [
      "an unknown user",
      { ...token, status: 400, body: says("invalid_grant", "Invalid email or User ID") },
      "halt-actor",
      "no-such-user",
    ],
    [
      "an address that is none",
      { ...token, status: 400, body: says("invalid_grant", "Not a valid email") },
      "halt-actor",
      "no-such-user",
    ],
    [
      "a deleted user",
      { ...token, status: 400, body: says("invalid_grant", "The account has been deleted") },
      "halt-actor",
      "account-deleted",
    ],
    [
      "no more than Bad Request",
      { ...token, status: 400, body: says("invalid_grant", "Bad Request") },
      "halt-actor",
      "token-refused",
    ],
    [
      "reauthentication",
      { ...token, status: 400, body: says("invalid_grant", "reauth related error (invalid_rapt)") },
      "halt-actor",
      "reauthentication",
    ],
    [
      "a suspended user",
      { ...token, status: 403, body: says("access_denied", "Account restricted") },
      "halt-actor",
      "access-denied",
    ],
    [
      "a client not authorised for the user",
      { ...token, status: 403, body: says("access_denied", "Requested client not authorized") },
      "halt-actor",
      "access-denied",
    ],
    [
      "a forbidden account",
      { ...token, status: 403, body: says("invalid_account", "Forbidden") },
      "halt-actor",
      "account-forbidden",
    ],
    [
      "an impossible user",
      { ...token, status: 400, body: says("invalid_request", 'Invalid impersonation "sub" field.') },
      "halt-actor",
      "no-such-user",
    ],
    [
      "an impossible user in older words",
      { ...token, status: 400, body: says("invalid_request", "Invalid impersonation prn email address.") },
      "halt-actor",
      "no-such-user",
    ],
    [
      "no delegation",
      {
        ...token,
        status: 401,
        body: says(
          "unauthorized_client",
          "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
        ),
      },
      "halt-run",
      "unauthorized-client",
    ],
    [
      "no delegation, in other words",
      { ...token, status: 400, body: says("unauthorized_client", "Unauthorized client or scope in request.") },
      "halt-run",
      "unauthorized-client",
    ],
    [
      "a scope that is not granted",
      { ...token, status: 400, body: says("invalid_scope", "x") },
      "halt-run",
      "invalid-scope",
    ],
    [
      "an issuer nobody knows",
      { ...token, status: 400, body: says("invalid_grant", "Invalid JWT: No valid verifier found for issuer.") },
      "halt-run",
      "unknown-issuer",
    ],
    [
      "a service account that is gone",
      { ...token, status: 400, body: says("invalid_grant", "Invalid grant: account not found") },
      "halt-run",
      "unknown-issuer",
    ],
    [
      "a wrong signature",
      { ...token, status: 400, body: says("invalid_grant", "Invalid JWT Signature.") },
      "halt-run",
      "bad-signature",
    ],
    [
      "a wrong clock",
      {
        ...token,
        status: 400,
        body: says(
          "invalid_grant",
          "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
        ),
      },
      "halt-run",
      "clock-skew",
    ],
    [
      "an assertion that is none",
      { ...token, status: 400, body: says("invalid_request", "assertion is missing") },
      "halt-run",
      "bad-assertion",
    ],
    [
      "a client that is gone",
      { ...token, status: 401, body: says("invalid_client", "x") },
      "halt-run",
      "invalid-client",
    ],
    [
      "its own trouble",
      { ...token, status: 400, body: says("internal_failure", "Backend Error") },
      "retry",
      "server-error",
    ],
    ["503", { ...token, status: 503, body: htmlPage }, "retry", "server-error"],
    ["500", { ...token, status: 500 }, "retry", "server-error"],
    ["408", { ...token, status: 408 }, "retry", "server-error"],
    ["a status nobody knows", { ...token, status: 600 }, "retry", "unreadable-answer"],
    ["the least redirect", { ...token, status: 300 }, "retry", "redirected"],
    [
      "too fast, after blanks",
      { ...token, status: 403, body: " request rate higher than configured" },
      "throttle",
      "throttled",
    ],
    ["too fast, by name", { ...token, status: 403, body: says("rate_limit_exceeded") }, "throttle", "throttled"],
    [
      "words about rates that are not its own",
      { ...token, status: 400, body: says("new_error", "no request rate higher than configured") },
      "halt-actor",
      "token-refused",
    ],
    [
      "an error of its own with a 404",
      { ...token, status: 404, body: says("new_error") },
      "halt-actor",
      "token-refused",
    ],
    ["429", { ...token, status: 429 }, "throttle", "throttled"],
    [
      "too fast, in plain words",
      { ...token, status: 403, body: "Request rate higher than configured." },
      "throttle",
      "throttled",
    ],
    ["a success without a token", { ...token, status: 200, body: "{}" }, "retry", "unreadable-answer"],
    ["a redirect", { ...token, status: 302 }, "retry", "redirected"],
    ["a refusal nobody knows", { ...token, status: 400, body: says("new_error", "x") }, "halt-actor", "token-refused"],
    ["another server's page", { ...token, status: 404, body: htmlPage }, "halt-run", "not-google"],
    ["another server's refusal of POST", { ...token, status: 405, body: "" }, "halt-run", "not-google"],
    ["a page without a word", { ...token, status: 403, body: htmlPage }, "halt-actor", "token-refused"],
  ]);

  it.each([
    ["an assertion that is none", "Invalid JWT", 241_000, "clock-skew"],
    ["an assertion that is none", "Invalid JWT", 240_000, "bad-assertion"],
    ["an unknown user", "Invalid email or User ID", 241_000, "no-such-user"],
    ["no more than Bad Request", "Bad Request", 240_000, "token-refused"],
  ])("takes %s (%s) with clocks %s ms apart for %s", (_, words, apartMs, failure) => {
    const headers = { date: new Date(wallMs - apartMs).toUTCString() };
    const verdict = classify({ ...token, status: 400, headers, body: says("invalid_grant", words) }, wallMs);
    expect(verdict.failure).toBe(failure);
  });

  it("names a clock that is behind as such", () => {
    const headers = { date: new Date(wallMs + 600_000).toUTCString() };
    const { message } = classify({ ...token, status: 400, headers, body: says("invalid_grant") }, wallMs);
    expect(message).toContain("600 s behind Google's");
  });

  it("names how far the clocks differ when a refusal comes with the server's time", () => {
    const headers = { date: new Date(wallMs - 600_000).toUTCString() };
    const verdict = classify({ ...token, status: 400, headers, body: says("invalid_grant", "Bad Request") }, wallMs);
    expect(verdict).toMatchObject({ disposition: "halt-run", failure: "clock-skew" });
    expect(verdict.message).toContain("600 s ahead of Google's");
  });
});
