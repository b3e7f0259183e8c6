/** Setting the prose of help to the width of the terminal; what is indented or in a table stays as it is written. */

/** Columns that help is set to when `columns` are there; undefined: nobody sees the edge. */
export function helpWidth(columns: number | undefined): number {
  return Math.min(columns ?? 100, 120);
}

/** The text with each paragraph of it that is too wide for `width` set anew. A paragraph is lines without an indent. */
export function toWidth(text: string, width: number): string {
  return text.replaceAll(/(?<=^|\n)\S.*(?:\n\S.*)*/g, (paragraph) =>
    paragraph.split("\n").some((line) => line.length > width) ? filled(paragraph, width) : paragraph,
  );
}

function filled(paragraph: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of paragraph.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join("\n");
}
