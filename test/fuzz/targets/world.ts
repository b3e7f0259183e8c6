/** The emulator's own file and what it is sent: a saved state, and requests to the tenant that a sound one makes. */
import { Emulator } from "../../../src/emulator/emulator.ts";
import { emptyTenant } from "../../../src/emulator/world.ts";
import { UsageError } from "../../../src/model/errors.ts";
import { seededRandom } from "../../../src/emulator/random.ts";
import { ManualClock } from "../../support/clock.ts";
import { attempted } from "../oracle.ts";
import { mustHold } from "../target.ts";
import type { Target } from "../target.ts";

function emulator(): Emulator {
  const world = emptyTenant("acme.example");
  world.addDomainAlias("acme-alias.example");
  world.addUser({ email: "admin", isAdmin: true });
  world.addUser({ email: "anna", aliases: ["a"] });
  world.addUser({ email: "ben", suspended: true });
  world.addGroup({ email: "bi", members: ["anna", "guest@partner.example"] });
  world.addAsset({
    name: "abc",
    owner: "anna",
    roles: { EDITOR: ["group:bi@acme.example"], LINK_VIEWER: ["allUsers"] },
  });
  world.addAsset({ name: "src", owner: "anna", type: "DATA_SOURCE", trashed: true });
  return new Emulator({ clock: new ManualClock(), random: seededRandom(1), world });
}

export const world = async (): Promise<Target> => ({
  corpus: [Buffer.from(emulator().exportState()), Buffer.from("{}")],
  dictionary: [
    '"people":',
    '"groups":',
    '"assets":',
    '"domains":',
    '"transfers":',
    '"roles":',
    '"email":',
    '"aliases":',
    '"kind":"GROUP"',
    '"version":1',
    "bi@acme.example",
    "anna@acme.example",
    "[",
    "]",
    "{",
    "}",
  ],
  run: async (input) => {
    const restored = emulator();
    const done = await attempted(() => {
      restored.importState(input.toString("utf8"));
      return true;
    }, UsageError);
    if (done === undefined) return;
    const saved = restored.exportState();
    const again = emulator();
    again.importState(saved);
    mustHold(again.exportState() === saved, "a state is not itself again");
  },
});
