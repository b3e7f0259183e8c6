/** Whether a process is carrying a run out at this moment, found out without taking its lock. */
import Database from "better-sqlite3";
import { faultCode } from "./faults.ts";

/** Looks at the lock for an instant; false also when there is no lock or it cannot be read. */
export function isRunHeld(path: string): boolean {
  let lock: Database.Database;
  try {
    lock = new Database(`${path}.lock`, { readonly: true, timeout: 0 });
  } catch {
    return false;
  }
  try {
    lock.prepare("select count(*) from sqlite_schema").get();
    return false;
  } catch (error) {
    return faultCode(error)?.startsWith("SQLITE_BUSY") === true;
  } finally {
    lock.close();
  }
}
