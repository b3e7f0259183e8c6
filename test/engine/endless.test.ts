/** Pages that a server gives for ever, or round in a circle, end in words instead of never. */
import { expect, it } from "vitest";
import { People } from "../../src/engine/people.ts";
import { Survey } from "../../src/engine/survey.ts";
import type { Surroundings } from "../../src/engine/verbs.ts";
import { openStage } from "../../src/journal/sqlite/stage.ts";
import { everything, row, written } from "../plan/compile/world.ts";
import { address } from "../support/rig.ts";
import { person } from "./snapshots.ts";
import { TinyGoogle } from "./tiny-google.ts";

const next = (token: string | undefined): string => (token === "a" ? "b" : "a");

it("a search that leads round in a circle is a line of the coverage, and the others are made", async () => {
  const google = new TinyGoogle({ people: [person("ana"), person("ben")], assets: [{ name: "b1", owner: "ben" }] });
  const { api } = google;
  const surroundings: Surroundings = {
    ...google.surroundings,
    api: {
      ...api,
      dataStudio: {
        ...api.dataStudio,
        search: async (actor, query, token) =>
          actor === address("ana")
            ? { assets: [], nextPageToken: next(token) }
            : api.dataStudio.search(actor, query, token),
      },
    },
  };
  const stage = await openStage({ memory: true });
  await stage.addRequests([
    row({ action: "grant", select: everything, member: written("ben@acme.example"), role: "EDITOR" }),
  ]);
  const survey = await Survey.begin(surroundings, stage, 1);
  await survey.findAssets([]);
  expect(await survey.coverage()).toMatchObject({
    assetsRead: 1,
    usersFailed: [{ user: address("ana"), reason: "the server's list of pages does not end" }],
  });
});

it("a listing of users that leads round in a circle is refused", async () => {
  const { api } = new TinyGoogle({ people: [] });
  const users = async (token?: string) => ({ people: [], nextPageToken: next(token) });
  const domain = (await api.directory.domains()).primary;
  const people = new People({ ...api.directory, users }, { primaryDomain: domain, domains: new Set([domain]) });
  await expect(people.everyone()).rejects.toMatchObject({ failure: "endless-pages" });
});

it("a page of users may hold more than a call takes arguments", async () => {
  const { api } = new TinyGoogle({ people: [] });
  const many = Array.from({ length: 200_000 }, (_, index) => person(`p${index}`));
  const users = async () => ({ people: many, nextPageToken: undefined });
  const domain = (await api.directory.domains()).primary;
  const people = new People({ ...api.directory, users }, { primaryDomain: domain, domains: new Set([domain]) });
  expect(await people.everyone()).toHaveLength(200_000);
});
