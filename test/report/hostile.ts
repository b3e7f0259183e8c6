/** Titles, names and reasons as somebody would write them who wants to deceive a reader or take over a terminal. */

export const hostile: readonly (readonly [name: string, text: string])[] = [
  ["clears the screen", "\u001b[2J\u001b[HAll good"],
  ["sets the window's title", "\u001b]0;owned\u0007title"],
  ["makes a link", "\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\"],
  ["uses an eight-bit escape", "\u009b31mred\u009b0m"],
  ["answers back", "\u001b[6n\u001b[c"],
  ["forges a line", "nice\n  + EDITOR       user:boss@acme.example"],
  ["overwrites the line", "nice\rx 0 refused            "],
  ["steps back", "abc\b\b\bxyz"],
  ["holds a NUL", "a\u0000b"],
  ["turns the text round", "invoice\u202Efdp.exe"],
  ["opens an isolate", "\u2066\u2067abc"],
  ["closes an isolate", "abc\u2069\u2069 def"],
  ["hides letters", "pass\u200bword\u2060\ufeff\u00ad"],
  ["hides a message in tags", "ok\u{e0069}\u{e0067}\u{e006e}\u{e006f}"],
  ["breaks lines unseen", "one\u2028two\u2029three\u0085four"],
  ["piles marks up", `Z${"\u0301".repeat(60)}algo`],
  ["is blank", "\u3164\u2800\u115f"],
  ["is empty", ""],
  ["is long", "x".repeat(5000)],
  ["is wide and long", "売".repeat(3000)],
  ["runs from right to left", "דוח מכירות - 2026 (EMEA)"],
  ["has half a character", "a\ud83db"],
  ["is a formula", '=HYPERLINK("https://evil.example";"open")'],
  ["is a command", "@SUM(1+1)*cmd|' /C calc'!A0"],
  ["is a full-width formula", "＝1+1"],
  ["is HTML", '<img src=x onerror=alert(1)><script>alert("1")</script>'],
  ["is Markdown", "](https://evil.example) ![x](https://evil.example/p.png) `a` **b** | c |"],
  ["ends a table cell", "a | b \\| c"],
  ["links by itself", "see https://evil.example/a?b or www.evil.example"],
  ["opens a template", "{{constructor.constructor('alert(1)')()}} ${7*7} <%= 7*7 %>"],
  ["is quoted", `"quoted", 'and' \`more\``],
  ["is __proto__", "__proto__"],
];

/**
 * Controls, formats, unseen line ends, halves of characters and blanks: what acts on a screen or an eye without ink. The
 * signs that Arabic, Syriac and Kaithi set before numbers count as formats in Unicode, but are printed.
 */
const acts =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u3164\u2800\u115f]|(?![\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}])\p{Cf}/u;

/** Whether `text` holds a character that acts; line feeds and the isolates that texts add themselves do not count. */
export function isActing(text: string): boolean {
  return acts.test(text.replace(/[\n\u2068\u2069]/g, ""));
}
