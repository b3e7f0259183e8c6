/** Documents for people, before it is decided whether they are set for a terminal or as Markdown. */

/** Words within a line: plain, a command or id, or a link. Foreign text is allowed anywhere; setting it makes it harmless. */
export type Inline = string | { readonly code: string } | { readonly text: string; readonly url: string };

export type Phrase = readonly Inline[];

/** A thing to do to something that has a page of its own, with what belongs to it underneath. */
export interface Task {
  /** Such as `Report`. */
  readonly what: string;
  readonly title: string;
  /** Undefined when there is no one page to open. */
  readonly url: string | undefined;
  readonly details: readonly Phrase[];
}

export type Block =
  | { readonly kind: "heading"; readonly level: 1 | 2; readonly text: string }
  | { readonly kind: "paragraph"; readonly text: Phrase }
  | { readonly kind: "fields"; readonly fields: readonly (readonly [name: string, value: Phrase])[] }
  | {
      readonly kind: "table";
      readonly columns: readonly { readonly name: string; readonly right?: boolean }[];
      readonly rows: readonly (readonly Phrase[])[];
    }
  | { readonly kind: "instructions"; readonly items: readonly Phrase[] }
  | { readonly kind: "tasks"; readonly tasks: readonly Task[] }
  | { readonly kind: "next"; readonly command: string };
