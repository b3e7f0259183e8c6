/** What the runner asks of a process that runs cases, and what that process tells. */

export interface Work {
  readonly target: string;
  readonly seed: number;
  /** The first case. */
  readonly from: number;
  readonly cases: number;
  readonly seconds: number;
  /** Holds the number of the case under way, as a double. */
  readonly progressFile: string;
  /** One input from a file, instead of cases. */
  readonly replay?: string | undefined;
}

export type Message =
  | { readonly type: "ready" }
  /** Told twice of the same case: as it was found, and made small. */
  | {
      readonly type: "finding";
      readonly case: number;
      readonly kind: string;
      readonly message: string;
      /** Base64. */
      readonly input: string;
    }
  /** `ms`: from the first case on. */
  | { readonly type: "done"; readonly cases: number; readonly ms: number };
