/** One request and its answer as both transports see them, and what a transport must do with the answer. */

export interface EmulatorRequest {
  readonly method: string;
  /** Path with query, still percent-encoded: `/v1/assets:search?assetTypes=REPORT`. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/**
 * What happens to an answer on its way:
 * - `delay`: it leaves after `ms` · `hang`: it never leaves; `late` is carried out after `ms` (a write that lands after the
 *   client gave up) · `reset`: the connection breaks instead · `truncate`: the connection breaks after `bytes` of the body
 */
export type Delivery =
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "hang"; readonly late?: { readonly ms: number; readonly apply: () => void } | undefined }
  | { readonly kind: "reset" }
  | { readonly kind: "truncate"; readonly bytes: number };

export interface EmulatorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Undefined: answer at once, whole. */
  readonly delivery?: Delivery | undefined;
}

export const jsonType = "application/json; charset=UTF-8";
export const jsonHeaders: Readonly<Record<string, string>> = { "content-type": jsonType };
export const htmlHeaders: Readonly<Record<string, string>> = { "content-type": "text/html; charset=UTF-8" };
export const textHeaders: Readonly<Record<string, string>> = { "content-type": "text/plain; charset=UTF-8" };
