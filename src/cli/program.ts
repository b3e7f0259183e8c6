/** The program: the table of verbs, how a command line becomes a call of one of them, and what every failure prints. */
import { Command, CommanderError } from "commander";
import type { Context } from "./context.ts";
import { exitCode, exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import type { VerbGroup } from "./help.ts";
import { print, styleOf } from "./output.ts";
import { helpWidth, toWidth } from "./prose.ts";
import { pageKindOf, pageKinds, topicNames } from "./topic-names.ts";
import type { Verb } from "./verb.ts";

interface BoundVerb {
  define(command: Command): void;
  call(context: Context, command: Command): Promise<ExitCode>;
}

interface VerbEntry {
  readonly name: string;
  readonly group: VerbGroup;
  readonly summary: string;
  readonly load: () => Promise<BoundVerb>;
}

function bind<Flags extends object, Options>(verb: Verb<Flags, Options>): BoundVerb {
  return {
    define: (command) => verb.define(command),
    call: (context, command) => verb.run(context, verb.parse(command.args, command.opts<Flags>())),
  };
}

/** In the order in which they are used. Each loads only when it is called. */
const verbs: readonly VerbEntry[] = [
  {
    name: "doctor",
    group: "set up",
    summary: "check credentials, grants, rights, machine and files; each failure with its fix",
    load: async () => bind(await import("./doctor.ts")),
  },
  {
    name: "inventory",
    group: "look",
    summary: "take a snapshot of everything a tenant has, and who may use it",
    load: async () => bind(await import("./inventory.ts")),
  },
  {
    name: "audit",
    group: "look",
    summary: "what a snapshot or the live tenant shows that somebody should know",
    load: async () => bind(await import("./audit.ts")),
  },
  {
    name: "plan",
    group: "change",
    summary: "compile plan files into a run and show what it would do",
    load: async () => bind(await import("./plan.ts")),
  },
  {
    name: "show",
    group: "look",
    summary: "show a run again, or what a snapshot covers",
    load: async () => bind(await import("./show.ts")),
  },
  {
    name: "approve",
    group: "change",
    summary: "sign that a run may be carried out",
    load: async () => bind(await import("./approve.ts")),
  },
  {
    name: "apply",
    group: "change",
    summary: "carry out a run, or resume it",
    load: async () => bind(await import("./apply.ts")),
  },
  {
    name: "worker",
    group: "change",
    summary: "carry out runs that were handed over through a database, with other workers",
    load: async () => bind(await import("./worker.ts")),
  },
  {
    name: "status",
    group: "look",
    summary: "how far a run has come",
    load: async () => bind(await import("./status.ts")),
  },
  {
    name: "watch",
    group: "look",
    summary: "follow a run until it ends",
    load: async () => bind(await import("./watch.ts")),
  },
  {
    name: "ctl",
    group: "change",
    summary: "steer an apply that is under way: pause, resume, rate, drain",
    load: async () => bind(await import("./ctl.ts")),
  },
  {
    name: "verify",
    group: "prove",
    summary: "read back every touched asset and show drift",
    load: async () => bind(await import("./verify.ts")),
  },
  {
    name: "cancel",
    group: "change",
    summary: "end open steps of a run without carrying them out",
    load: async () => bind(await import("./cancel.ts")),
  },
  {
    name: "undo",
    group: "change",
    summary: "make a run that takes back what a run did",
    load: async () => bind(await import("./undo.ts")),
  },
  {
    name: "report",
    group: "look",
    summary: "report on a run; its hand-over sheet",
    load: async () => bind(await import("./report.ts")),
  },
  {
    name: "run",
    group: "prove",
    summary: "list runs, copy or move one to another store, purge ended ones",
    load: async () => bind(await import("./run.ts")),
  },
  {
    name: "evidence",
    group: "prove",
    summary: "check offline that a run file is as it was written",
    load: async () => bind(await import("./evidence.ts")),
  },
  {
    name: "key",
    group: "set up",
    summary: "make or show a key to sign approvals and evidence with",
    load: async () => bind(await import("./key.ts")),
  },
  {
    name: "auth",
    group: "set up",
    summary: "sign in, sign out, and what the settings authenticate with",
    load: async () => bind(await import("./auth.ts")),
  },
  {
    name: "emulator",
    group: "set up",
    summary: "run the local stand-in for Google, to rehearse",
    load: async () => bind(await import("./emulator.ts")),
  },
  {
    name: "completion",
    group: "set up",
    summary: "print the script with which bash, zsh or fish completes commands",
    load: async () => bind((await import("./completion.ts")).completion(wholeProgram, topicNames)),
  },
];

/** Carries out one command line. Never throws; prints what went wrong. */
export async function runCommandLine(context: Context): Promise<ExitCode> {
  // For good: a reader that has gone is told of only after the last line was written.
  context.stderr.on("error", () => undefined);
  let lost: NodeJS.ErrnoException | undefined;
  context.stdout.on("error", (error: NodeJS.ErrnoException) => (lost ??= error));
  const code = await answered(context);
  // What a file refuses is told in the next turn of the loop.
  await new Promise((resolve) => setImmediate(resolve));
  if (lost === undefined || wentAway.has(lost.code ?? "") || code !== exitCodes.done) return code;
  const said = `not all of it could be printed: ${lost.message}`;
  return explain(context, Object.assign(new Error(said), { code: lost.code }));
}

/** A reader that has read enough, such as `head`, is no failure. */
const wentAway: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"]);

async function answered(context: Context): Promise<ExitCode> {
  try {
    refuseUncheckedTls(context);
    return await dispatch(context);
  } catch (error) {
    return await explain(context, error);
  }
}

async function dispatch(context: Context): Promise<ExitCode> {
  const { argv } = context;
  const [first] = argv;
  const topic = first === "help" ? argv[1] : first;
  const page = first === "help" ? topicNames.find((name) => name === topic) : undefined;
  if (page !== undefined) {
    const { topicText } = await import("./topics.ts");
    await print(context.stdout, [toWidth(topicText(page).join("\n"), helpWidth(context.stdout.columns))]);
    return exitCodes.done;
  }
  const kind = first === "help" ? pageKindOf(topic) : undefined;
  if (kind !== undefined) {
    const { pagesText } = await import("./topics/pages/find.ts");
    await print(context.stdout, pagesText(kind, argv.slice(2)));
    return exitCodes.done;
  }
  if (first === undefined) {
    const { firstScreen } = await import("./help.ts");
    await print(context.stdout, firstScreen(verbs, context.version, styleOf(context, context.stdout, true)));
    return exitCodes.done;
  }
  let code: ExitCode = exitCodes.done;
  const program = newProgram(context);
  for (const entry of verbs) {
    const command = addVerb(program, entry);
    if (entry.name !== topic) continue;
    const verb = await entry.load();
    defineVerb(command, verb);
    command.action(async () => {
      code = await verb.call(context, command);
    });
  }
  // Help for a verb that does not exist is answered as the verb itself would be: with what was perhaps meant.
  const astray = first === "help" && topic !== undefined && !verbs.some((entry) => entry.name === topic);
  await program.parseAsync(astray ? [topic] : [...argv], { from: "user" });
  return code;
}

function addVerb(program: Command, { name, summary }: VerbEntry): Command {
  return program.command(name).summary(summary).description(sentence(summary));
}

function defineVerb(command: Command, verb: BoundVerb): void {
  command.option("--no-color", "print without colour");
  verb.define(command);
  command.addHelpText("after", "\nSee also: handover help exit-codes, handover help settings");
}

/** Every verb with its options: what completion knows of. */
export async function wholeProgram(context: Context): Promise<Command> {
  const program = newProgram(context);
  for (const entry of verbs) defineVerb(addVerb(program, entry), await entry.load());
  return program;
}

function newProgram(context: Context): Command {
  return new Command("handover")
    .description("Moves ownership of, and access to, Looker Studio assets between people, in bulk.")
    .version(context.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(
      "help [verb]",
      `print help for a verb, or for ${[...topicNames, ...pageKinds.map((kind) => `${kind}s`)].join(", ")}`,
    )
    .configureOutput({
      writeOut: (text) => void context.stdout.write(toWidth(text, helpWidth(context.stdout.columns))),
      writeErr: () => undefined,
      getOutHelpWidth: () => helpWidth(context.stdout.columns),
    })
    .exitOverride();
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** The key would be handed to whoever sits in between. */
function refuseUncheckedTls(context: Context): void {
  // The doctor contacts nobody either, and says so among everything else.
  if (context.env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0" || context.argv[0] === "doctor") return;
  throw new CommanderError(
    exitCodes.usage,
    "handover.uncheckedTls",
    "error: NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check that it is Google who answers\n(unset it; for a company's own certificates set NODE_EXTRA_CA_CERTS=FILE)",
  );
}

async function explain(context: Context, error: unknown): Promise<ExitCode> {
  const { argv } = context;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.done;
    const { usageLines } = await import("./help.ts");
    await print(context.stderr, usageLines(error.message, argv, verbs));
    return exitCodes.usage;
  }
  const code = exitCode({ kind: "error", error });
  if (argv.includes("--json")) {
    const { errorJson } = await import("../report/error-json.ts");
    await print(context.stdout, [errorJson(error, code)]);
  }
  const { errorText } = await import("../report/error-text.ts");
  await print(context.stderr, [
    ...errorText(error, styleOf(context, context.stderr, !argv.includes("--no-color"))),
    ...(await scopeLines(error, argv)),
  ]);
  return code;
}

const scopeFailures: ReadonlySet<string> = new Set(["unauthorized-client", "invalid-scope", "insufficient-scope"]);

/** Google refuses a token as a whole when a single scope is not granted, and does not say which: all that are asked for. */
async function scopeLines(error: unknown, argv: readonly string[]): Promise<readonly string[]> {
  const { ApiError } = await import("../model/errors.ts");
  if (!(error instanceof ApiError) || !scopeFailures.has(error.failure)) return [];
  const { scopesOf } = await import("../google/scopes.ts");
  const scopes = scopesOf(argv[0] === "apply" ? "write" : "read");
  return [
    "",
    "The scopes asked for, by the client id of the service account or OAuth client:",
    ...scopes.map((scope) => `  ${scope}`),
  ];
}
