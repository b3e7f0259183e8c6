/** The limit for apply, or with GET for reads: nothing but undici, sending the same requests to the same server and reading the answers whole. */
import { Pool } from "undici";
import { assetName, patchText } from "../tenant.ts";

const [url = "", countText = "", workersText = "16", connectionsText = "16", wanted] = process.argv.slice(2);
const isRead = wanted === "GET";
const count = Number(countText);
const pool = new Pool(url, { connections: Number(connectionsText), pipelining: 1 });
const headers = {
  accept: "application/json",
  "content-type": "application/json",
  "user-agent": "handover (gzip)",
  authorization: `Bearer ya29.${"c".repeat(180)}`,
};
let next = 0;

async function work(): Promise<void> {
  for (let i = next++; i < count; i = next++) {
    const path = `/v1/assets/${assetName(i)}/permissions`;
    const request = isRead ? { method: "GET" as const } : { method: "PATCH" as const, body: patchText(i) };
    const { body } = await pool.request({ path, headers, ...request });
    await body.text();
  }
}

await Promise.all(Array.from({ length: Number(workersText) }, work));
await pool.close();
