/**
 * The campaign of a fleet: four worker processes on one PostgreSQL, killed, stopped past their leases and cut off from it,
 * while the database itself is killed and started again. Judged by what the emulator has seen, and by the tables.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { Chance } from "../simulation/chance.ts";
import { startPostgres } from "../support/postgres.ts";
import type { PostgresServer } from "../support/postgres.ts";
import { Stage } from "../support/process.ts";
import type { Ended, Underway } from "../support/process.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";
import { report } from "./evidence.ts";
import { judge } from "./judge.ts";

export interface FleetVerdict {
  readonly violations: readonly string[];
  readonly runs: number;
  readonly steps: number;
  readonly changes: number;
  readonly starts: number;
  readonly deeds: Readonly<Record<string, number>>;
  readonly seconds: number;
}

export interface FleetOptions {
  readonly seed: number;
  readonly workers: number;
  readonly kills: number;
  readonly secondsMax: number;
  readonly note: (text: string) => void;
}

const leaseS = 2;
const tenant: readonly string[] = ["--seed=11", "--users=60", "--assets=1500"];
const stepsPerRun = 300;
const perSecond = 12;
/** What may still be done once a run has ended, before it is called stuck. */
const endingMs = 240_000;
const attemptsMax = 30;

/** A worker's place: its connection with a switch in it, and the process that is there now. */
interface Berth {
  readonly wire: TcpProxy;
  process: Underway;
}

export async function playFleet(options: FleetOptions): Promise<FleetVerdict> {
  const server = await startPostgres();
  const stage = await Stage.start(tenant);
  const campaign = new Campaign(options, server, stage);
  try {
    await campaign.play();
  } catch (error) {
    campaign.say([`threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]);
  } finally {
    await campaign.close();
    await stage.close();
    await server.dispose();
  }
  return campaign.verdict();
}

interface Applied {
  readonly ended: Promise<Ended>;
  readonly hasEnded: () => boolean;
  readonly kill: () => void;
}

class Campaign {
  readonly #options: FleetOptions;
  readonly #server: PostgresServer;
  readonly #stage: Stage;
  readonly #doom: Chance;
  readonly #berths: Berth[] = [];
  readonly #violations: string[] = [];
  readonly #deeds = new Map<string, number>();
  readonly #startedAt = performance.now();
  #url = "";
  #runs = 0;
  #steps = 0;
  #starts = 0;
  #changes = 0;

  constructor(options: FleetOptions, server: PostgresServer, stage: Stage) {
    this.#options = options;
    this.#server = server;
    this.#stage = stage;
    this.#doom = new Chance(options.seed, "fleet");
  }

  say(violations: readonly string[]): void {
    this.#violations.push(...violations);
  }

  verdict(): FleetVerdict {
    return {
      violations: this.#violations,
      runs: this.#runs,
      steps: this.#steps,
      changes: this.#changes,
      starts: this.#starts,
      deeds: Object.fromEntries(this.#deeds),
      seconds: Math.round((performance.now() - this.#startedAt) / 1000),
    };
  }

  async play(): Promise<void> {
    this.#url = await this.#server.database();
    this.#stage.env["HANDOVER_JOURNAL"] = this.#url;
    while (this.#kills < this.#options.kills && this.#secondsLeft > 0 && this.#violations.length === 0) {
      await this.#playRun();
    }
    if (this.#kills < this.#options.kills) {
      this.#violations.push(`only ${this.#kills} kills in ${this.#options.secondsMax} s`);
    }
  }

  async close(): Promise<void> {
    for (const { process, wire } of this.#berths) {
      process.child.kill("SIGCONT");
      process.child.kill("SIGKILL");
      await process.ended;
      await wire.close();
    }
  }

  get #kills(): number {
    return ["SIGKILL", "SIGSTOP"].reduce((sum, deed) => sum + (this.#deeds.get(deed) ?? 0), 0);
  }

  get #secondsLeft(): number {
    return this.#options.secondsMax - (performance.now() - this.#startedAt) / 1000;
  }

  async #playRun(): Promise<void> {
    const { note } = this.#options;
    this.#runs += 1;
    const run = `fleet-${this.#runs}`;
    const before = (await this.#stage.history()).at(-1)?.seq ?? 0;
    const requests = (await this.#stage.requests(0)).at(-1)?.seq ?? 0;
    const steps = await this.#plan(run);
    const handing = ["apply", run, "--yes", "--allow", "new-external", `--rate=${perSecond}/s`];
    const handed = this.#applied(handing);
    while (this.#berths.length < this.#options.workers) this.#berths.push(await this.#berth());
    let endsAt = Infinity;
    while (!handed.hasEnded() && performance.now() < endsAt) {
      const isEnough = this.#kills >= this.#options.kills || this.#secondsLeft < 0;
      if (isEnough) endsAt = Math.min(endsAt, performance.now() + endingMs);
      await sleep(this.#doom.between(200, 900));
      if (!isEnough) await this.#strike();
    }
    if (!handed.hasEnded()) {
      handed.kill();
      this.#violations.push(`I7: ${run} has not ended ${endingMs / 1000} s after the last kill`);
    }
    const { code, stderr } = await handed.ended;
    if (code !== 0) this.#violations.push(`the apply of ${run} ended with ${code}: ${stderr.slice(-600)}`);
    // What a stopped worker still sends has to land before it is judged.
    await sleep(1500);
    await this.#judge(run, before, requests);
    this.#steps += steps;
    note(`${run}: ${steps} steps, ${JSON.stringify(Object.fromEntries(this.#deeds))}`);
  }

  /** Struck before it had handed the run over, an apply says that the database is away, and a person gives it again. */
  #applied(args: readonly string[]): Applied {
    let apply = this.#stage.begin(args);
    let isOver = false;
    const again = async (): Promise<Ended> => {
      const end = await apply.ended;
      isOver = !isAway(end);
      if (isOver) return end;
      apply = this.#stage.begin(args);
      return again();
    };
    return { ended: again(), hasEnded: () => isOver, kill: () => void apply.child.kill("SIGKILL") };
  }

  /** Rows that give one newcomer VIEWER on assets of people who can be acted as. */
  async #plan(run: string): Promise<number> {
    const { assets } = await this.#stage.tenant();
    const rows = assets
      .filter(({ trashed }) => !trashed)
      .slice(0, stepsPerRun)
      .map(({ name }) => `grant,${name},${run}@partner.example,VIEWER`);
    await writeFile(join(this.#stage.folder, `${run}.csv`), ["action,asset,member,role", ...rows, ""].join("\n"));
    const planned = await this.#stage.handover("plan", `${run}.csv`, "-o", run, "--skip-refused");
    if (planned.code !== 0) throw new Error(`plan ended with ${planned.code}: ${planned.stderr}${planned.stdout}`);
    return (await report(this.#stage, run)).steps.length;
  }

  async #berth(): Promise<Berth> {
    const wire = await startTcpProxy(this.#server.port);
    return { wire, process: this.#begin(wire) };
  }

  #begin(wire: TcpProxy): Underway {
    this.#starts += 1;
    const journal = this.#url.replace(`:${this.#server.port}/`, `:${wire.port}/`);
    const args = ["worker", `--lease=${leaseS}s`, "--concurrency=4"];
    return this.#stage.begin(args, { env: { HANDOVER_JOURNAL: journal } });
  }

  async #strike(): Promise<void> {
    const at = this.#doom.whole(0, this.#berths.length - 1);
    const berth = this.#berths[at];
    if (berth === undefined) return;
    const drawn = this.#doom.whole(0, 99);
    if (berth.process.hasEnded()) {
      const { code, stderr } = await berth.process.ended;
      this.#violations.push(`a worker ended by itself with ${code}: ${stderr.slice(-800)}`);
      berth.process = this.#begin(berth.wire);
      return;
    }
    if (drawn < 62) return this.#kill(berth, "SIGKILL");
    if (drawn < 70) return this.#kill(berth, "SIGTERM");
    if (drawn < 82) return this.#freeze(berth);
    if (drawn < 92) return this.#cut(berth);
    return this.#restart(drawn < 97 ? "kill" : "stop");
  }

  async #kill(berth: Berth, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#did(signal);
    berth.process.child.kill(signal);
    if (signal === "SIGKILL") await berth.process.ended;
    else {
      const { code } = await berth.process.ended;
      // One that has hardly begun does not know the signal yet.
      if (code !== 7 && code !== null) this.#violations.push(`a worker asked to end ended with ${code}`);
    }
    berth.process = this.#begin(berth.wire);
  }

  /** Longer than its lease: what it held is taken over, and then it goes on as if nothing had happened. */
  async #freeze(berth: Berth): Promise<void> {
    this.#did("SIGSTOP");
    const { process } = berth;
    process.child.kill("SIGSTOP");
    await sleep((leaseS + this.#doom.between(0.2, 1.5)) * 1000);
    process.child.kill("SIGCONT");
  }

  async #cut(berth: Berth): Promise<void> {
    this.#did("cut");
    berth.wire.cut();
    await sleep(this.#doom.between(50, 800));
    berth.wire.mend();
  }

  async #restart(how: "kill" | "stop"): Promise<void> {
    this.#did(how === "kill" ? "database killed" : "database stopped");
    await this.#server[how]();
    await sleep(this.#doom.between(50, 500));
    await this.#server.start();
  }

  #did(deed: string): void {
    this.#deeds.set(deed, (this.#deeds.get(deed) ?? 0) + 1);
  }

  async #judge(run: string, before: number, requests: number): Promise<void> {
    const changes = await this.#stage.history(before);
    this.#changes += changes.length;
    const told = await report(this.#stage, run);
    this.say(
      judge({ report: told, changes, tenant: await this.#stage.tenant(), jobsBefore: 0 }).map(
        (text) => `${run}: ${text}`,
      ),
    );
    const client = new Client({
      connectionString: this.#url,
      options: "-c search_path=handover -c handover.tenant=default",
    });
    await client.connect();
    try {
      this.say(await tables(client, run));
      this.say(await this.#attempts(client, run, requests));
    } finally {
      await client.end();
    }
  }

  /** I4 and I10: nobody has sent a write that the database does not know of, and not too many of them. */
  async #attempts(client: Client, run: string, requests: number): Promise<readonly string[]> {
    const { rows } = await client.query<{ asset: string; attempts: number }>(
      `select s.asset, p.attempts from progress p join steps s using (run, seq) join runs r on r.id = p.run
       where r.name = $1 and s.asset is not null`,
      [run],
    );
    const known = new Map(rows.map(({ asset, attempts }) => [asset, attempts]));
    const sent = new Map<string, number>();
    for (const { asset } of await this.#stage.requests(requests, "assets.updatePermissions")) {
      sent.set(asset, (sent.get(asset) ?? 0) + 1);
    }
    return [...sent].flatMap(([asset, count]) => [
      ...(count > (known.get(asset) ?? 0)
        ? [`I4: ${count} writes of ${asset}, and ${known.get(asset) ?? 0} are known`]
        : []),
      ...(count > attemptsMax ? [`I10: ${count} writes of ${asset}`] : []),
    ]);
  }
}

/** What must be so of the tables once a run has ended. */
async function tables(client: Client, run: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ what: string; bad: string }>(
    `with r as (select * from runs where name = $1)
     select 'steps still open' as what, count(*) as bad from progress p join r on r.id = p.run where p.state = 0
     union all select 'leases left', count(*) from progress p join r on r.id = p.run where p.lease is not null
     union all select 'intents left of ended steps', count(*) from intents i join r on r.id = i.run
     union all select 'steps without an audit row', count(*) from progress p join r on r.id = p.run
       where not exists (select 1 from audit a where a.run = p.run and a.seq = p.audit)
     union all select 'two steps with one audit row', count(*) from (
       select p.audit from progress p join r on r.id = p.run where p.state <> 5 group by p.audit having count(*) > 1) d
     union all select 'gaps in the audit chain', max(a.seq) - count(*) from audit a join r on r.id = a.run
     union all select 'rows beyond the audit head', count(*) from audit a join r on r.id = a.run where a.seq > r.audit_rows
     union all select 'actors with steps left', count(*) from actors a join r on r.id = a.run where a.open <> 0
     union all select 'counts that are not the states', count(*) from (
       select generate_subscripts(r.counts, 1) - 1 as state, unnest(r.counts) as count from r) c
       where c.count <> (select count(*) from progress p join r on r.id = p.run where p.state = c.state)
     union all select 'an end that is not finished', count(*) from carrying c join r on r.id = c.run
       where c.ended is distinct from 'finished'`,
    [run],
  );
  return rows.filter(({ bad }) => Number(bad) !== 0).map(({ what, bad }) => `${run}: ${bad} ${what}`);
}

function isAway({ code, stderr }: Ended): boolean {
  return code === 1 && stderr.includes("(away)");
}
