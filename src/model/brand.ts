/** Branded strings: foreign text becomes one of these only through the parser of its kind. */

declare const brand: unique symbol;

/** A `T` that only the parser named `B` can make. */
export type Brand<T, B extends string> = T & { readonly [brand]: B };

/** What a parser answers: the value, or what is wrong with the text and what to write instead. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string; readonly remedy: string };

/** An opaque permissions version as the server wrote it; compared byte for byte (api.md 1.4). */
export type Etag = Brand<string, "Etag">;

/** Marks text from an API answer as an etag. */
export function etag(text: string): Etag {
  return text as Etag;
}
