/** Places in plan files and what is wrong there. */

/** Where a request stands: the file as the user named it, 1-based line and column. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing wrong with a plan file. Any diagnostic means that no run is made. */
export interface Diagnostic {
  readonly place: Place;
  readonly problem: string;
  /** What to write or do instead. */
  readonly remedy: string;
}

/** `file:line:column`, or `file:line` where the column is not known (0). */
export function placeText(place: Place): string {
  return place.column > 0 ? `${place.file}:${place.line}:${place.column}` : `${place.file}:${place.line}`;
}
