/** Plan files: CSV and YAML plans and the file of people that a YAML plan names, in chunks of any size. */
import type { Request } from "../../../src/model/request.ts";
import { PlanReader } from "../../../src/plan/read.ts";
import type { PlanReading } from "../../../src/plan/read.ts";
import { soundDiagnostics } from "../oracle.ts";
import { mustHold } from "../target.ts";
import type { Target } from "../target.ts";

const csvCorpus: readonly string[] = [
  "from,to\nanna@acme.example,ben@acme.example\n",
  `action,from,to,asset,type,title,member,role,keep,note
transfer,anna@acme.example,ben@acme.example,,,"Board ""EMEA"" *",,,viewer,"a, b"
grant,,,2b606487-42c2-416f-98a1-0d8e5a1f0c11,report,,group:bi@acme.example,EDITOR,,
revoke,,,https://lookerstudio.google.com/u/0/reporting/abc-d_e/page/x?s=1#p,,,domain:acme.example,,,
set-role,anna@acme.example,,,data_source,*,user:cleo@acme.example,viewer,,
replace-member,old@acme.example,new@acme.example,,,,,,,
set-link,,,abc,,,allUsers,LINK_VIEWER,,
close-link,,,abc,,,,,,
`,
  "\ufefffrom;to;x_team\r\nanna@acme.example;ben@acme.example;7\r\n",
  'from,to,note\n"anna@acme.example","ben@acme.example","two\nlines"\n\n\n',
];

const yamlCorpus: readonly string[] = [
  "version: 1\nmoves:\n  - { from: anna@acme.example, to: ben@acme.example }\n",
  `version: 1
tenant: acme.example
defaults: { keep: viewer, types: [report, data_source], trashed: include, owner_change: attempt }
protect:
  - title: "Board *"
  - { owner: ceo@acme.example, asset: abc }
limits: { changes: 100, percent_of_assets: 12.5, new_external: 0, new_public: 0, failures: 5 }
users: people.csv
x_note: any
moves:
  - from: &leaver anna@acme.example
    to: ben@acme.example
    select: { title: "Größe *", types: [report], audience: external }
  - grant: group:bi@acme.example
    role: EDITOR
    asset: https://datastudio.google.com/datasources/2b606487-42c2-416f-98a1-0d8e5a1f0c11
  - revoke: { member: *leaver, role: VIEWER, from: cleo@acme.example, title: 'it''s' }
  - set-link: LINK_VIEWER
    member: domain:acme.example
    asset: abc
  - close-link: true
    select: { audience: public }
  - replace-member: users
  - replace-member: old@acme.example
    to: new@acme.example
    roles: [EDITOR, LINK_VIEWER]
    note: |
      several
      lines
`,
  'version: "1"\nmoves: [ { transfer: true, from: a@b.example, to: c@d.example }, ]\n',
];

const peopleCorpus: readonly string[] = [
  "old,new\nanna@acme.example,ben@acme.example\n",
  'old,new,x_why\r\n"group:a@acme.example",b@acme.example,"x, y"\r\n',
];

const words: readonly string[] = [
  "action",
  "from",
  "to",
  "asset",
  "type",
  "title",
  "member",
  "role",
  "keep",
  "note",
  "x_",
  "old",
  "new",
  "transfer",
  "grant",
  "set-link",
  "close-link",
  "replace-member",
  "users",
  "select",
  "roles",
  "types",
  "audience",
  "EDITOR",
  "OWNER",
  "LINK_EDITOR",
  "allUsers",
  "domain:acme.example",
  "group:g@acme.example",
  "serviceAccount:x@y.iam.gserviceaccount.com",
  "https://lookerstudio.google.com/s/abc",
  "*",
  "?",
  ";",
  ",",
  ": ",
  "- ",
  "\n  - ",
  "&a ",
  "*a",
  "&a [*a, *a]",
  "&a {b: *a}",
  "<<: *a",
  "!!js/function x",
  "!!binary aGk=",
  "? ",
  "|+2\n",
  ">-\n",
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "# ",
  "\t",
  "{",
  "}",
  "[",
  "]",
  "version: 2",
  "moves:",
  "protect:",
  "limits:",
];

export const planCsv = async (): Promise<Target> => target("csv", csvCorpus);
export const planYaml = async (): Promise<Target> => target("yaml", yamlCorpus);
/** The people file; the plan that names it is sound. */
export const planPeople = async (): Promise<Target> => target("people", peopleCorpus);

type Format = "csv" | "yaml" | "people";

const namingPeople = "version: 1\nusers: people.csv\nmoves:\n  - replace-member: users\n";

function target(format: Format, corpus: readonly string[]): Target {
  return {
    corpus: [...corpus.map((text) => Buffer.from(text)), Buffer.from(`\ufeff${corpus[1]}`, "utf16le")],
    dictionary: words,
    run: async (input) => {
      const whole = await read(format, input, Infinity);
      judge(whole);
      if (input.length > 4000) return;
      const pieceWise = await read(format, input, 1 + (input.length % 7));
      // Which of several faults is met first may depend on the pieces; whether there is one may not.
      const isRefused = whole.diagnostics.length > 0;
      mustHold(
        pieceWise.diagnostics.length > 0 === isRefused,
        "a file is refused in small pieces only, or as a whole only",
      );
      mustHold(
        isRefused || JSON.stringify(pieceWise) === JSON.stringify(whole),
        "a file reads otherwise in small pieces",
      );
    },
  };
}

interface Outcome extends PlanReading {
  readonly requests: readonly Request[];
}

async function read(format: Format, input: Buffer, chunk: number): Promise<Outcome> {
  const reader = new PlanReader();
  const requests: Request[] = [];
  const plan = format === "people" ? Buffer.from(namingPeople) : input;
  const people = format === "people" ? input : Buffer.from(peopleCorpus[0] ?? "");
  await reader.read(
    {
      name: `plan.${format === "csv" ? "csv" : "yaml"}`,
      format: format === "csv" ? "csv" : "yaml",
      bytes: pieces(plan, chunk),
      related: (path) => (path === "people.csv" ? pieces(people, chunk) : undefined),
    },
    (batch) => {
      requests.push(...batch);
    },
  );
  return { ...reader.finish(), requests };
}

async function* pieces(bytes: Buffer, chunk: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, Math.min(at + chunk, bytes.length));
}

function judge({ diagnostics, diagnosticsOmitted, requests, duplicates, rows, settings }: Outcome): void {
  soundDiagnostics(diagnostics, diagnosticsOmitted);
  mustHold(requests.length + duplicates <= rows, "more is asked for than there are rows");
  for (const request of requests) {
    const { place, note: _note, ...wish } = request;
    mustHold(place.line >= 1, "a request has no place");
    // Everything but the remark and the title is made by a parser; nothing invisible can have come through.
    mustHold(!/[\p{Cc}\p{Cf}\ud800-\udfff]/u.test(JSON.stringify(wish)), "a request holds what nobody can see");
  }
  mustHold(
    Object.values(settings.limits).every((limit) => limit === undefined || (limit >= 0 && limit < Infinity)),
    "a limit is no number",
  );
}
