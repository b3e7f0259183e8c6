/** What an error of the database or of the way to it means, in the product's own errors, with what to do next. */
import { DatabaseError } from "pg";
import { GuardError, JournalError, RunFileError, RunLockedError, UsageError } from "../../model/errors.ts";
import { printable } from "../../model/text.ts";

/** Whether the same transaction, given again, may well succeed: the connection broke, or two got in each other's way. */
export function isPassing(fault: unknown): boolean {
  const error = fault instanceof JournalError && fault.kind === "away" ? fault.cause : fault;
  if (error instanceof DatabaseError) {
    // Class 08 connection, 40 rollback (deadlock), 53 resources, 55P03 lock, 57P operator (the server is shut down or starts).
    return /^(?:08|40|53|55P03|57P)/.test(error.code ?? "");
  }
  return isBroken(error);
}

function isBroken(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return (
    /^(?:ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)/.test(code ?? "") ||
    /Connection terminated|not queryable|timeout expired|timeout exceeded when trying to connect|Query read timeout/.test(
      error.message,
    )
  );
}

/** Others than those of the database come back as they are. */
export function databaseFault(fault: unknown, shown: string): Error {
  const error = fault instanceof Error ? fault : new Error(String(fault));
  if (isOurs(error)) return error;
  if (error instanceof SyntaxError) return corruptRun(shown, error.message);
  return error instanceof DatabaseError ? ofServer(error, shown) : ofTheWay(error, shown);
}

function isOurs(error: Error): boolean {
  return (
    error instanceof RunFileError ||
    error instanceof RunLockedError ||
    error instanceof UsageError ||
    error instanceof GuardError ||
    error instanceof JournalError
  );
}

/** By the classes of PostgreSQL's appendix A. */
function ofServer(error: DatabaseError, shown: string): Error {
  const code = error.code ?? "";
  const said = printable(error.message, 300);
  if (code === "3D000") {
    return new JournalError("wrong", `${shown}: ${said}`, "make it with createdb, or name one that is there", error);
  }
  if (code.startsWith("28")) {
    return new JournalError(
      "denied",
      `${shown} does not let us in: ${said}`,
      "check the user, its password (PGPASSWORD or ~/.pgpass) and the server's pg_hba.conf",
      error,
    );
  }
  if (code === "42501") {
    return new JournalError(
      "denied",
      `${shown}: ${said}`,
      "grant the user what is missing: CREATE on the database to make the tables, or rights on the schema and its tables",
      error,
    );
  }
  if (code === "25006") {
    return new JournalError(
      "wrong",
      `${shown} takes no writes: it is read-only, or a standby`,
      "name the primary server",
      error,
    );
  }
  if (isPassing(error)) {
    return new JournalError("away", `${shown} cannot do it now: ${said}`, "give the same command again", error);
  }
  return error;
}

/** Of Node's socket and TLS errors, and of the driver's own. */
function ofTheWay(error: Error, shown: string): Error {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const said = printable(error.message, 300);
  const wrong = (problem: string, remedy: string): JournalError => new JournalError("wrong", problem, remedy, error);
  if (code === "ENOTFOUND" || code === "EAI_NONAME") {
    return wrong(`there is no host for ${shown}`, "check the name of the host in --journal or HANDOVER_JOURNAL");
  }
  if (error.message.includes("does not support SSL")) {
    return wrong(
      `${shown} offers no TLS`,
      "turn it on in the server (ssl = on), or, on a network you trust, write sslmode=disable",
    );
  }
  // An alert is what the other side says of us: 42 to 49, and 116, are about the certificate that was shown to it.
  const alert = Number(/SSL alert number (\d+)/.exec(error.message)?.[1]);
  if (alert === 116 || (alert >= 42 && alert <= 49)) {
    return new JournalError(
      "denied",
      `${shown} does not take the certificate it was shown: ${alertText(error.message)}`,
      "give one of an authority that the server knows with sslcert=FILE and sslkey=FILE",
      error,
    );
  }
  if (/^(?:ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL|HOSTNAME_MISMATCH)/.test(code)) {
    return wrong(
      `the certificate of ${shown} does not convince: ${said}`,
      "give its authority with sslrootcert=FILE, and the host as the certificate names it",
    );
  }
  if (isForeign(error)) {
    return wrong(`what answers at ${shown} is not PostgreSQL`, "check host and port in --journal or HANDOVER_JOURNAL");
  }
  if (isBroken(error)) {
    const why = code === "ECONNREFUSED" ? "nobody listens there" : said;
    return new JournalError(
      "away",
      `${shown} does not answer: ${why}`,
      "see that the server runs and can be reached",
      error,
    );
  }
  return error;
}

/** "unknown ca" of what OpenSSL says in a line of file names and numbers. */
function alertText(message: string): string {
  return printable(/alert ([a-z ]+)/.exec(message)?.[1] ?? message, 200);
}

/** Somebody who talks, but not as PostgreSQL does. */
function isForeign(error: Error): boolean {
  return /error establishing an SSL connection|Unknown authenticationOk|received invalid response|unexpected message/i.test(
    error.message,
  );
}

export function corruptRun(shown: string, detail: string): RunFileError {
  return new RunFileError("corrupt", `${shown} is damaged (${detail})`, "restore the database, or plan again");
}
