/** Carries requests over real sockets with undici: pooled, bounded in time and size, never redirected, never repeated. */
import { isUtf8 } from "node:buffer";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import type { Dispatcher } from "undici";
import type { Clock } from "../model/clock.ts";
import { UsageError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { Deadlines } from "./deadlines.ts";
import { NetworkError, headerOf } from "./exchange.ts";
import type { Exchange, ExchangeRequest, ExchangeResponse, ResponseHeaders } from "./exchange.ts";
import { parseEndpoint, routeOf } from "./route.ts";
import { loadPool } from "./undici-pool.ts";

export interface WireOptions {
  readonly clock: Clock;
  /** An address that stands in for every origin of Google, such as the emulator's. */
  readonly endpoint?: string | undefined;
  /** Origins outside Google that the credentials name, for proof of who is calling; no token of Google's goes there. */
  readonly besides?: ReadonlySet<string> | undefined;
  /** Sockets kept per origin. 8 to 16 are quickest on a near server; a far one needs as many as there are calls under way. */
  readonly connections?: number | undefined;
  /** The address of an HTTP proxy. Proxy variables of the environment are not looked at. */
  readonly proxy?: string | undefined;
  /** Certificate authorities to trust instead of the built-in ones, PEM. */
  readonly ca?: string | undefined;
  /** The text of NODE_TLS_REJECT_UNAUTHORIZED, if set: `0` is refused. */
  readonly tlsRejectUnauthorized?: string | undefined;
  /** Largest answer taken, before and after decoding. 8 MiB unless told. */
  readonly responseBytesMax?: number | undefined;
}

export interface Wire {
  readonly exchange: Exchange;
  /** Ends what is under way (`ABORTED`) and closes every socket. */
  close(): Promise<void>;
}

const Pool = await loadPool();

const nothing = Buffer.alloc(0);
const noHeaders: ResponseHeaders = {};
const ignore = (): void => undefined;
const connectTimeoutMs = 10_000;
const idleTimeoutMs = 30_000;

/** Opens a carrier. Throws `UsageError` for an endpoint or TLS setting that would give tokens away. */
export function openWire(options: WireOptions): Wire {
  if (options.tlsRejectUnauthorized === "0") {
    throw new UsageError(
      "NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check of who answers",
      "unset it; name the certificate authority of your network instead",
    );
  }
  const endpoint = options.endpoint === undefined ? undefined : parseEndpoint(options.endpoint);
  const bytesMax = options.responseBytesMax ?? 8 * 1024 * 1024;
  const deadlines = new Deadlines(options.clock);
  const underWay: UnderWay = new Set();
  const dispatchers = new Map<string, Dispatcher | Promise<Dispatcher>>();

  function dispatcherFor(origin: string): Dispatcher | Promise<Dispatcher> {
    let dispatcher = dispatchers.get(origin);
    if (dispatcher === undefined) {
      dispatcher =
        options.proxy === undefined || origin.startsWith("http:")
          ? openPool(origin, options)
          : openProxy(options.proxy, options);
      dispatchers.set(origin, dispatcher);
    }
    return dispatcher;
  }

  function exchange(request: ExchangeRequest): Promise<ExchangeResponse> {
    return new Promise((resolve, reject) => {
      const target = routeOf(request.url, endpoint, options.besides);
      const receipt = new Receipt(bytesMax, underWay, resolve, reject);
      receipt.begin(deadlines, request.timeoutMs, request.signal);
      if (!underWay.has(receipt)) return;
      const dispatched = {
        origin: target.origin,
        path: target.path,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        // The deadline holds for the whole exchange; timers of undici's own would be made anew for each request.
        headersTimeout: 0,
        bodyTimeout: 0,
      };
      const dispatcher = dispatcherFor(target.origin);
      if (dispatcher instanceof Promise) {
        dispatcher
          .then((opened) => underWay.has(receipt) && opened.dispatch(dispatched, receipt))
          .catch((error: unknown) => {
            reject(error);
            // No deadline is to hold the process for what can never be sent.
            receipt.fail("UNKNOWN", "no connection could be made ready");
          });
      } else dispatcher.dispatch(dispatched, receipt);
    });
  }

  async function close(): Promise<void> {
    for (const receipt of underWay) receipt.fail("ABORTED", "the connection was closed");
    deadlines.close();
    const opened = [...dispatchers.values()];
    dispatchers.clear();
    // What could not be opened needs no closing: whoever asked for it has been told.
    await Promise.all(
      opened.map(async (dispatcher) => (await Promise.resolve(dispatcher).catch(() => undefined))?.destroy()),
    );
  }

  return { exchange, close };
}

const poolOptions = ({ connections = 16 }: WireOptions) => ({
  connections,
  pipelining: 1,
  keepAliveTimeout: idleTimeoutMs,
  allowH2: false,
});

const tlsOptions = ({ ca }: WireOptions) => ({
  rejectUnauthorized: true,
  ...(ca === undefined ? {} : { ca }),
  timeout: connectTimeoutMs,
});

function openPool(origin: string, options: WireOptions): Dispatcher {
  return new Pool(origin, { ...poolOptions(options), connect: tlsOptions(options) });
}

/** The agent calls on what undici puts together only as a whole. */
async function openProxy(uri: string, options: WireOptions): Promise<Dispatcher> {
  const { ProxyAgent } = await import("undici");
  return new ProxyAgent({ ...poolOptions(options), uri, requestTls: tlsOptions(options) });
}

/** The requests that have no answer yet. */
type UnderWay = Set<Receipt>;

/**
 * Gathers one answer as undici hands it over, and ends exactly once. It holds nothing of the request, whose body needs no
 * room any more while hundreds of them are under way.
 */
class Receipt implements Dispatcher.DispatchHandler {
  readonly #bytesMax: number;
  readonly #underWay: UnderWay;
  #resolve: (response: ExchangeResponse) => void;
  #reject: (failure: NetworkError) => void;
  /** Lets go of the deadline and of the caller's signal. */
  #release: () => void = ignore;
  /** Nearly every answer comes in one piece. */
  #first: Buffer | undefined;
  #chunks: Buffer[] | undefined;
  #bytes = 0;
  #status = 0;
  #headers: ResponseHeaders = noHeaders;
  #controller: Dispatcher.DispatchController | undefined;
  #ended = false;

  constructor(
    bytesMax: number,
    underWay: UnderWay,
    resolve: (response: ExchangeResponse) => void,
    reject: (failure: NetworkError) => void,
  ) {
    this.#bytesMax = bytesMax;
    this.#underWay = underWay;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** From now on it is under way, until it ends: for no longer than `timeoutMs`, and only as long as `signal` permits. */
  begin(deadlines: Deadlines, timeoutMs: number, signal: AbortSignal | undefined): void {
    this.#underWay.add(this);
    const deadline = deadlines.add(timeoutMs, () => this.fail("TIMEOUT", `no whole answer within ${timeoutMs} ms`));
    if (signal === undefined) {
      this.#release = () => deadlines.remove(deadline);
      return;
    }
    const onAbort = (): void => this.fail("ABORTED", "given up by the caller");
    this.#release = () => {
      deadlines.remove(deadline);
      signal.removeEventListener("abort", onAbort);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  }

  /** Gives up; whatever arrives later is dropped with the socket. */
  fail(code: string, message: string): void {
    if (this.#ended) return;
    this.#leave();
    // undici announces a request right before it writes it, so that an unannounced one has certainly not been sent.
    const failure = new NetworkError(code, this.#controller !== undefined, message);
    this.#reject(failure);
    const controller = this.#controller;
    this.#forget();
    controller?.abort(failure);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#ended) controller.abort(new Error("given up before it was sent"));
    else this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: ResponseHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (Number(headerOf(headers, "content-length") ?? 0) > this.#bytesMax) this.#oversize();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bytesMax) this.#oversize();
    else if (this.#first === undefined) this.#first = chunk;
    else (this.#chunks ??= [this.#first]).push(chunk);
  }

  onResponseEnd(): void {
    if (this.#ended) return;
    const raw = this.#chunks === undefined ? (this.#first ?? nothing) : Buffer.concat(this.#chunks);
    const encoding = headerOf(this.#headers, "content-encoding");
    let plain = raw;
    if (encoding !== undefined && raw.length > 0) {
      try {
        plain = decode(raw, encoding.trim().toLowerCase(), this.#bytesMax);
      } catch (error) {
        if (codeOf(error) === "ERR_BUFFER_TOO_LARGE") this.#oversize();
        else this.fail("BAD_ENCODING", `the answer's ${printable(encoding, 40)} encoding is damaged or unknown`);
        return;
      }
    }
    // A member name with replaced bytes would be written back changed; the page of some error may say what it likes.
    if (this.#status < 300 && !isUtf8(plain)) {
      this.fail("BAD_UTF8", "the answer is not UTF-8");
      return;
    }
    this.#leave();
    this.#resolve({ status: this.#status, headers: this.#headers, body: plain.toString("utf8") });
    this.#forget();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(codeOf(error) ?? "UNKNOWN", printable(error.message, 200));
  }

  #leave(): void {
    this.#ended = true;
    this.#underWay.delete(this);
    this.#release();
  }

  /**
   * Sets that things come into and leave all the time drop old tables, which V8 keeps for a while with all they name. Of
   * what an ended exchange had in hand, half of all that outlived a scavenge with 16 calls at once was kept that way.
   */
  #forget(): void {
    this.#resolve = ignore;
    this.#reject = ignore;
    this.#release = ignore;
    this.#first = undefined;
    this.#chunks = undefined;
    this.#headers = noHeaders;
    this.#controller = undefined;
  }

  #oversize(): void {
    this.fail("TOO_LARGE", `the answer is larger than ${this.#bytesMax} bytes`);
  }
}

function decode(raw: Buffer, encoding: string, maxOutputLength: number): Buffer {
  switch (encoding) {
    case "identity":
      return raw;
    case "gzip":
    case "x-gzip":
      return gunzipSync(raw, { maxOutputLength });
    case "deflate":
      return inflateSync(raw, { maxOutputLength });
    case "br":
      return brotliDecompressSync(raw, { maxOutputLength });
    default:
      throw new Error("unknown encoding");
  }
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
