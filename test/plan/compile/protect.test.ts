/** Protected assets where they are easily forgotten: in the trash. */
import { expect, it } from "vitest";
import { World, transfer } from "./world.ts";

it("a transfer of everything is refused for a protected asset in the trash, which the job could move", () => {
  const world = new World()
    .user("leaver")
    .user("heir")
    .asset("r1", "leaver")
    .asset("t1", "leaver", {}, { title: "Board pack", trashed: true });
  world.protect = [{ id: "protect[0]", place: { file: "p.yaml", line: 3, column: 1 }, title: "Board *" }];
  const { transfers, refusals } = world.compile(transfer("leaver", "heir"));
  expect(transfers).toEqual([]);
  expect(refusals).toMatchObject([{ rule: "protected" }]);
});
