/** `handover audit --leavers`: what must happen before the people of a list go. */
import { readinessOf } from "../engine/readiness.ts";
import type { SnapshotReader } from "../journal/snapshot.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Email } from "../model/email.ts";
import { PlanFileError } from "../model/errors.ts";
import type { ReadinessView } from "../model/readiness.ts";
import type { PeopleList } from "../plan/people-list.ts";
import { readinessCsv, readinessJson, readinessMarkdown, readinessText } from "../report/readiness-document.ts";
import { Redactor } from "../report/redact.ts";
import type { Redaction } from "../report/redact.ts";
import type { Style } from "../report/style.ts";
import type { Context } from "./context.ts";
import { peopleIn } from "./people-file.ts";

export type ReadinessFormat = "text" | "json" | "csv" | "md" | "html";

/** The list, before anything is read or asked. Throws UsageError, PlanFileError. */
export async function readLeavers(context: Context, file: string): Promise<PeopleList["people"]> {
  return peopleIn(
    context,
    file,
    "give a CSV file with the column email and, if you like, suspended_on, deleted_on, heir",
  );
}

export async function readinessView(
  context: Context,
  snapshot: SnapshotReader,
  name: string,
  list: { readonly file: string; readonly people: PeopleList["people"] },
): Promise<ReadinessView> {
  await refuseAliases(snapshot, list.people);
  return {
    snapshot: name,
    header: snapshot.header,
    finished: snapshot.finished,
    coverage: await snapshot.coverage(),
    list: list.file,
    ...(await readinessOf(snapshot, list.people)),
    toolVersion: context.version,
    madeAt: context.clock.now(),
  };
}

/** Two addresses of one person are told from two people only now that the snapshot says who is who. */
async function refuseAliases(snapshot: SnapshotReader, people: PeopleList["people"]): Promise<void> {
  const diagnostics: Diagnostic[] = [];
  const lines = new Map<Email, number>();
  for (const { email, heir, place, heirPlace } of people) {
    const person = await primaryOf(snapshot, email);
    const line = lines.get(person);
    if (line === undefined) lines.set(person, place.line);
    else {
      const problem = `${email} is ${person}, who stands in line ${line} too`;
      diagnostics.push({ place, problem, remedy: "leave one of the two lines" });
    }
    if (heir !== undefined && (await primaryOf(snapshot, heir)) === person) {
      const problem = `${heir} is ${email} under another address, and cannot take over from themselves`;
      diagnostics.push({ place: heirPlace, problem, remedy: "name somebody else" });
    }
  }
  if (diagnostics.length > 0) throw new PlanFileError(diagnostics);
}

async function primaryOf(snapshot: SnapshotReader, email: Email): Promise<Email> {
  const principal = await snapshot.principal(email);
  return principal?.kind === "user" || principal?.kind === "deleted" ? principal.person.email : email;
}

const tasksMax = 15;

export async function* readinessPieces(
  view: ReadinessView,
  format: ReadinessFormat,
  showing: { readonly all: boolean; readonly style: Style; readonly redact: Redaction | undefined },
): AsyncGenerator<string> {
  const most = showing.all ? Number.POSITIVE_INFINITY : tasksMax;
  switch (format) {
    case "text":
      for (const line of readinessText(view, most, showing.style)) yield `${line}\n`;
      return;
    case "md":
      for (const line of readinessMarkdown(view, Number.POSITIVE_INFINITY)) yield `${line}\n`;
      return;
    case "json":
      yield readinessJson(view);
      return;
    case "csv":
      yield* readinessCsv(view);
      return;
    case "html": {
      const { readinessPage } = await import("../report/page/readiness-page.ts");
      const { pageHtml } = await import("../report/page/page.ts");
      const { loadPageAssets } = await import("./page-assets.ts");
      yield pageHtml(readinessPage(view, new Redactor(showing.redact)), await loadPageAssets());
      return;
    }
  }
}
