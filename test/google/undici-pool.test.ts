import { Pool } from "undici";
import { expect, it } from "vitest";
import { loadPool } from "../../src/google/undici-pool.ts";

it("the pool loaded by itself is the one of undici", async () => {
  expect(await loadPool()).toBe(Pool);
});

it("a pool that undici keeps elsewhere is found all the same", async () => {
  expect(await loadPool(() => Promise.reject(new Error("no such file")))).toBe(Pool);
});
