/** Pages are followed to their end, and no further than a server may lead. */
import { expect, it } from "vitest";
import { allPages } from "../../src/google/pages.ts";

const endless = { disposition: "refuse", failure: "endless-pages" };

it.each([
  ["none", undefined],
  ["an empty one", ""],
])("pages end with a token that is %s", async (_, last) => {
  const asked: (string | undefined)[] = [];
  const items = await allPages(async (token) => {
    asked.push(token);
    return { items: [asked.length], nextPageToken: asked.length < 3 ? `page ${asked.length}` : last };
  });
  expect(items).toEqual([1, 2, 3]);
  expect(asked).toEqual([undefined, "page 1", "page 2"]);
});

it("a page may hold more than a call takes arguments", async () => {
  const many = Array.from({ length: 300_000 }, (_, index) => index);
  expect(await allPages(async () => ({ items: many, nextPageToken: undefined }))).toHaveLength(300_000);
});

it("pages that lead round in a circle are refused", async () => {
  let asked = 0;
  const circle = allPages(async () => ({ items: [(asked += 1)], nextPageToken: asked % 2 === 0 ? "a" : "b" }));
  await expect(circle).rejects.toMatchObject(endless);
  expect(asked).toBe(3);
});

/** The first page has no token, so that ten thousand tokens are ten thousand and one pages. */
async function follow(pages: number): Promise<{ readonly asked: number; readonly error: unknown }> {
  let asked = 0;
  const followed = allPages(async () => {
    asked += 1;
    return { items: [], nextPageToken: asked < pages ? String(asked) : undefined };
  });
  const error: unknown = await followed.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { asked, error };
}

it("ten thousand tokens are followed, and no more", async () => {
  expect(await follow(10_001)).toEqual({ asked: 10_001, error: undefined });
  expect(await follow(20_000)).toMatchObject({ asked: 10_001, error: endless });
});
