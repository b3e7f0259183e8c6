/** People at work meanwhile: somebody edits, trashes, deletes or takes over an asset in the web UI. */
import { member } from "../../src/model/member.ts";
import { EDITOR, OWNER, VIEWER } from "../../src/model/permissions.ts";
import type { Pair } from "../../src/model/permissions.ts";
import type { Play } from "./play.ts";
import type { Sim } from "./sim.ts";

/** One change, often of the very pairs that a run plans. */
export function interfere(sim: Sim, plays: readonly Play[]): void {
  const { emulator, scene, chances, note, saw } = sim;
  const { people } = chances;
  const name = people.pick(scene.assets);
  const asset = emulator.state.assets.get(name);
  if (asset === undefined) return;
  const cause = { at: emulator.now(), actor: "somebody", via: "person" };
  const pairs = plays.flatMap((play) => play.plannedPairs.get(name) ?? []);
  const what = people.whole(0, 19);
  note(`- a person edits ${name} (${what})`);
  const turn = (pair: Pair): void => {
    const held = asset.roles.get(pair.role)?.includes(pair.member) === true;
    emulator.state.edit(name, held ? { add: [], remove: [pair] } : { add: [pair], remove: [] }, cause);
  };
  if (what < 6 || (pairs.length === 0 && what < 15)) {
    const by = member(`user:by${people.whole(1, 3)}@acme.example`);
    turn({ role: people.pick([VIEWER, EDITOR]), member: by });
    saw("a person edits");
  } else if (what < 15) {
    const pair = people.pick(pairs);
    if (pair.role === OWNER) return;
    turn(pair);
    saw("a person edits what is planned");
  } else if (what < 17) {
    emulator.state.setTrashed(asset, !asset.trashed, cause);
    saw("a person moves to or from the trash");
  } else if (what < 19) {
    const roles = new Map(asset.roles);
    roles.set(OWNER, [member(`user:${people.pick(scene.successors)}`)]);
    emulator.state.setRoles(asset, roles, cause);
    saw("a person hands over");
  } else {
    emulator.state.remove(asset, cause);
    saw("a person deletes");
  }
}
