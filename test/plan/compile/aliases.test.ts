/** Rows that name people by their aliases: what is given goes to the person. */
import { expect, it } from "vitest";
import type { Request } from "../../../src/model/request.ts";
import { World, email, named, row, shown, written } from "./world.ts";

it.each<[string, () => Request, readonly string[]]>([
  [
    "a grant",
    () => row({ action: "grant", select: named("r1"), member: written("bee@acme.example"), role: "EDITOR" }),
    ["+EDITOR user:ben@acme.example"],
  ],
  [
    "a change of role",
    () => row({ action: "set-role", select: named("r1"), member: written("bee@acme.example"), role: "VIEWER" }),
    ["+VIEWER user:ben@acme.example"],
  ],
  [
    "a replacement",
    () =>
      row({
        action: "replace-member",
        select: named("r1"),
        from: written("ana@acme.example"),
        to: written("bee@acme.example"),
        roles: ["EDITOR"],
      }),
    ["+EDITOR user:ben@acme.example", "-EDITOR user:ana@acme.example"],
  ],
])("%s to an alias is made to the primary address", (_, make, pairs) => {
  const world = new World()
    .user("leaver")
    .user("ana")
    .user("ben", { aliases: [email("bee")] })
    .asset("r1", "leaver", { EDITOR: ["user:ana@acme.example"] });
  expect(world.compile(make()).edits.map(shown)).toEqual([pairs]);
});
