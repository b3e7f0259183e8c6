/** Lets the weather of a seed loose for a while, and ends it: from then on the world is healthy. */
import { fairStore } from "./bad-store.ts";
import { interfere } from "./people.ts";
import type { Play } from "./play.ts";
import { beginRemoteWeather, endRemoteWeather } from "./remote-weather.ts";
import type { Sim } from "./sim.ts";
import type { Event } from "./time.ts";
import { landsWithinMs } from "./weather.ts";
import type { Weather } from "./weather.ts";
import { fairNetwork } from "./wire.ts";

export class Sky {
  /** Resolves when the weather has cleared. */
  readonly cleared: Promise<void>;
  readonly weather: Weather;
  /** Virtual ms at which it clears by itself. */
  readonly clearsAt: number;
  readonly #sim: Sim;
  readonly #plays: readonly Play[];
  readonly #events: Event[] = [];
  readonly #suspended: string[] = [];
  readonly #withoutService: string[] = [];
  #isClear = false;
  #tell: () => void = () => undefined;

  /** @param plays the runs under way: what people take back or do themselves is what those plan */
  constructor(sim: Sim, weather: Weather, plays: readonly Play[]) {
    this.#sim = sim;
    this.weather = weather;
    this.#plays = plays;
    this.cleared = new Promise((resolve) => {
      this.#tell = resolve;
    });
    this.clearsAt = sim.time.monotonic + weather.lastsMs;
    this.#begin();
  }

  #begin(): void {
    const { emulator, wire, tokenWeather, storeWeather, machines, time } = this.#sim;
    const { weather } = this;
    emulator.setFaults(weather.rules);
    wire.weather = weather.network;
    tokenWeather.failing = weather.tokensFailing;
    storeWeather.slow = weather.storeSlow;
    storeWeather.slowMaxMs = weather.storeSlowMaxMs;
    storeWeather.lost = weather.storeLost;
    storeWeather.mayFill = weather.storeFull > 0;
    machines.skewMaxMs = weather.skewMaxMs;
    machines.clockSleeps = weather.clockSleeps;
    this.#people();
    this.#accounts();
    this.#machines();
    if (this.#sim.storeKind === "remote") this.#events.push(...beginRemoteWeather(this.#sim, weather.lastsMs));
    this.#events.push(time.after(weather.lastsMs, () => this.clear()));
  }

  clear(): void {
    if (this.#isClear) return;
    this.#isClear = true;
    for (const event of this.#events) event.cancel();
    const { emulator, wire, tokenWeather, storeWeather, machines, note } = this.#sim;
    for (const email of this.#suspended) emulator.world.changeUser(email, { suspended: false });
    for (const email of this.#withoutService) emulator.world.changeUser(email, { serviceOff: false });
    emulator.setFaults([]);
    emulator.tokens.delegationRevoked = false;
    emulator.setSwitches({ dataStudioApi: "enabled", adminApi: "enabled" });
    wire.weather = fairNetwork;
    tokenWeather.failing = 0;
    Object.assign(storeWeather, fairStore);
    endRemoteWeather(this.#sim);
    machines.skewMaxMs = 0;
    this.#freeTransfers();
    // What was asked for before may land until then, and be stuck as it was to be.
    this.#sim.time.after(landsWithinMs + 1, () => this.#freeTransfers());
    note("- the sky clears");
    this.#tell();
  }

  #at(ms: number, run: () => void): void {
    this.#events.push(this.#sim.time.after(ms, run));
  }

  /** Most of what the engine does, it does at once: half of the trouble comes early. */
  #soonOrLater(soonMs: number, share: number): number {
    const { people } = this.#sim.chances;
    return people.hits(0.5) ? people.between(0, soonMs) : people.between(0, this.weather.lastsMs * share);
  }

  #people(): void {
    for (let edit = 0; edit < this.weather.edits; edit += 1) {
      this.#at(this.#soonOrLater(3000, 1), () => interfere(this.#sim, this.#plays));
    }
  }

  #accounts(): void {
    const { emulator, scene, chances, note, saw } = this.#sim;
    const { people } = chances;
    const { delegationFails, suspensions, servicesOff, apiOff, lastsMs } = this.weather;
    if (delegationFails) {
      this.#at(this.#soonOrLater(2000, 0.5), () => {
        emulator.tokens.delegationRevoked = true;
        if (people.hits(0.5)) emulator.tokens.expireAll();
        saw("delegation revoked");
        note("- delegation revoked");
      });
      this.#at(people.between(0, lastsMs), () => {
        emulator.tokens.delegationRevoked = false;
      });
    }
    for (let count = 0; count < suspensions; count += 1) {
      const email = people.pick(scene.people);
      this.#at(this.#soonOrLater(2000, 0.5), () => {
        emulator.world.changeUser(email, { suspended: true });
        this.#suspended.push(email);
        saw("user suspended");
        note(`- ${email} suspended`);
      });
    }
    for (let count = 0; count < servicesOff; count += 1) {
      const email = people.pick(scene.people);
      this.#at(this.#soonOrLater(2000, 0.5), () => {
        emulator.world.changeUser(email, { serviceOff: true });
        this.#withoutService.push(email);
        saw("service off for a user");
        note(`- the service is off for ${email}`);
      });
    }
    if (apiOff !== undefined) {
      this.#at(this.#soonOrLater(2000, 0.5), () => {
        emulator.setSwitches({ [apiOff]: "disabled" });
        saw(`switch ${apiOff} = disabled`);
        note(`- ${apiOff} disabled`);
      });
    }
  }

  #machines(): void {
    const { chances, storeWeather, note } = this.#sim;
    const { doom } = chances;
    const { powerLosses, sleeps, sleepMaxMs, storeFull, lastsMs } = this.weather;
    const soonOrLater = (): number => (doom.hits(0.7) ? doom.between(0, 5000) : doom.between(0, lastsMs));
    for (let count = 0; count < powerLosses; count += 1) {
      this.#at(soonOrLater(), () => this.#sim.cutPower(doom.whole(0, 1)));
    }
    for (let count = 0; count < sleeps; count += 1) {
      this.#at(soonOrLater(), () => this.#sim.sendToSleep(doom.whole(0, 1), doom.between(30_000, sleepMaxMs)));
    }
    for (let count = 0; count < storeFull; count += 1) {
      const at = soonOrLater();
      this.#at(at, () => {
        storeWeather.isFull = true;
        note("- the disk is full");
      });
      this.#at(at + doom.between(0, 120_000), () => {
        storeWeather.isFull = false;
        note("- the disk has room again");
      });
    }
  }

  /** A job that would never end goes on like any other. */
  #freeTransfers(): void {
    const { transfers } = this.#sim.emulator;
    const jobs = [...transfers.jobs.values()];
    if (!jobs.some((job) => job.fate.outcome === "stuck")) return;
    this.#sim.saw("job stuck");
    transfers.restore(
      jobs.map((job) => (job.fate.outcome === "stuck" ? { ...job, fate: { outcome: "normal", share: 1 } } : job)),
    );
  }
}
