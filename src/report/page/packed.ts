/** The data that a page carries, as its program unpacks it. */

/** Stands in the text of a `copy` between the line of column names and the line of values. */
export const copySplit = " -> ";

/**
 * How a column is shown and filtered: `choice` has few values and gets a menu, `detail` is shown only when a row is
 * opened, `copy` is a row of CSV that can be copied from there with or without its column names.
 */
export type ColumnKind = "text" | "number" | "choice" | "detail" | "copy" | "hidden";

export interface Column {
  readonly key: string;
  readonly label: string;
  readonly kind: ColumnKind;
  /** Share of the width, beside the other columns' shares. */
  readonly share?: number;
  /** The order of a `choice`'s values, first to last; else by alphabet. */
  readonly order?: readonly string[];
  /** Whether its texts are items with `, ` between them, which stand below each other when a row is opened. */
  readonly isList?: boolean;
  /** The list of texts it shares with columns of the same name. */
  readonly pool?: string;
}

/**
 * A column's values: numbers as they are; texts as places in a list of the distinct ones, the column's own or one that
 * tables share. Places in a shared list are steps from row to row: assets in order cost next to nothing.
 */
export type PackedColumn =
  | { readonly numbers: readonly number[] }
  | { readonly texts: readonly string[]; readonly at: readonly number[] }
  | { readonly pool: string; readonly steps: readonly number[] };

export interface PackedTable {
  readonly id: string;
  /** What a row is, one and many: `["finding", "findings"]`. */
  readonly nouns: readonly [string, string];
  readonly columns: readonly Column[];
  readonly packed: readonly PackedColumn[];
  readonly rows: number;
  /** Rows there were: more than `rows` when the page does not carry all. */
  readonly total: number;
  /** Keys of the column whose text links to an asset, and of those with the asset's id and type. */
  readonly link?: { readonly from: string; readonly id: string; readonly type: string } | undefined;
}

/** A time line: seconds since the start, and values by name. */
export interface TimeLine {
  readonly id: string;
  readonly label: string;
  /** Wall time of the first value, ms. */
  readonly from: number;
  readonly seconds: readonly number[];
  readonly series: readonly {
    readonly label: string;
    readonly unit: string;
    readonly values: readonly (number | null)[];
    readonly kind: "area" | "line" | "bars";
  }[];
  /** Spans to mark, such as while the server asked to slow down. */
  readonly bands: readonly { readonly from: number; readonly to: number; readonly label: string }[];
}

export interface PageData {
  readonly tables: readonly PackedTable[];
  readonly pools: Readonly<Record<string, readonly string[]>>;
  readonly timeLines: readonly TimeLine[];
}
