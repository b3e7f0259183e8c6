/** The tables through which runs are handed to workers: what is to be carried out and how, by whom, and how that ended. */

/**
 * A run that is to be carried out has a row in `carrying`, with the settings of whoever handed it over; `ended` says how
 * it ended for all workers, until it is handed over again. `drift_accepted` is below zero by what was found before the run
 * came here. `calls` of its budget are given out in parts. Whoever reads a
 * wave back has the gate until the time beside it. `crews` are the worker processes, also those without work; `workers` has
 * a row for each run that each of them has joined. `cells` hold the pace that is shared, also between tenants, whose keys
 * tell nobody anything.
 */
export function fleetTables(ofTenant: (table: string) => string): string {
  return `
    create table cells (key text primary key, body text) with (fillfactor = 50);
    create table carrying (
      run bigint primary key references runs on delete cascade,
      settings text not null, handed_by text not null, handed timestamptz not null default clock_timestamp(),
      paused_by text, paused timestamptz, rate double precision, concurrency integer, draining_by text,
      calls_max bigint, calls bigint not null default 0, drift_accepted integer not null default 0,
      gate_worker bigint, gate_until timestamptz,
      ended text, reason text, ended_at timestamptz
    );
    create table drifted (
      run bigint not null references runs on delete cascade, seq integer not null,
      primary key (run, seq)
    );
    create table crews (
      id bigint generated always as identity primary key,
      label text not null, version text not null, only_run text,
      started timestamptz not null default clock_timestamp(), seen timestamptz not null default clock_timestamp()
    );
    ${["carrying", "drifted", "crews"].map(ofTenant).join("\n")}
    alter table workers add column label text not null default '', add column gone timestamptz,
      add column steps integer not null default 0, add column per_second double precision;
  `;
}
