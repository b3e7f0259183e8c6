/** The contract of a stage, in a file and in memory; and that its file is nobody else's to find. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openStage } from "../../src/journal/sqlite/stage.ts";
import { stageContract, stagedAsset } from "../conformance/stage.contract.ts";
import { anna } from "./samples.ts";

stageContract("a stage in a temporary file", () => openStage());
stageContract("a stage in memory", () => openStage({ memory: true }));

it("a stage leaves no file where anybody could find it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "handover-stage-"));
  const before = process.env["SQLITE_TMPDIR"];
  process.env["SQLITE_TMPDIR"] = folder;
  const stage = await openStage();
  // More than the cache holds, so that it is on the disk.
  const title = "t".repeat(2000);
  for (let page = 0; page < 30; page += 1) {
    await stage.addAssets(
      Array.from({ length: 1000 }, (_, index) => stagedAsset(`a${page}-${index}`, { title })),
      anna,
    );
  }
  expect(await stage.assetCount()).toBe(30_000);
  expect(readdirSync(folder)).toEqual([]);
  await stage.close();
  if (before === undefined) delete process.env["SQLITE_TMPDIR"];
  else process.env["SQLITE_TMPDIR"] = before;
  rmSync(folder, { recursive: true });
});
