/** One request out, one answer back: the contract between everything that talks to Google and whatever carries it. */

/** The services this product calls. Each has its own quotas, and its own way of saying no. */
export type Service = "data-studio" | "directory" | "data-transfer" | "token" | "iam";

export interface ExchangeRequest {
  readonly method: "GET" | "POST" | "PATCH";
  /** Absolute, under one of Google's own origins; an override of the endpoint is the carrier's business. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** For the whole exchange, from the call to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Header fields by lower-case name; a repeated field is an array. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface ExchangeResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Decoded: content encoding undone, UTF-8 read. */
  readonly body: string;
}

/** Carries one request, exactly once and without following redirects. Throws `NetworkError` when no whole answer came. */
export type Exchange = (request: ExchangeRequest) => Promise<ExchangeResponse>;

/** No whole answer came. */
export class NetworkError extends Error {
  override readonly name: string = "NetworkError";
  /** False only when it is certain that no byte of the request left: refused, unresolved, TLS, never given a connection. */
  readonly sent: boolean;
  /** A system or library code, or one of `TIMEOUT`, `ABORTED`, `TOO_LARGE`, `BAD_ENCODING`, `BAD_UTF8`. */
  readonly code: string;

  constructor(code: string, sent: boolean, message: string) {
    super(message);
    this.code = code;
    this.sent = sent;
  }
}

/** The first value of a header field, by lower-case name. */
export function headerOf(headers: ResponseHeaders, name: string): string | undefined {
  if (!Object.hasOwn(headers, name)) return undefined;
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}
