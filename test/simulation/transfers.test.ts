/** The few lines that stand in for Google's generated client make the requests it makes. */
import { expect, it } from "vitest";
import { connection, inTurn } from "../google/scripted.ts";
import { leanDataTransfer } from "./transfers.ts";

const job = {
  id: "job/1 ä",
  oldOwnerUserId: "10",
  newOwnerUserId: "20",
  overallTransferStatusCode: "inProgress",
};

async function requestsOf(loadDataTransfer: typeof leanDataTransfer | undefined): Promise<object[]> {
  const script = inTurn(
    { body: { applications: [], nextPageToken: "p&2" } },
    { body: { applications: [] } },
    { body: job },
    { body: job },
    { body: { dataTransfers: [job], nextPageToken: "p 2" } },
    { body: {} },
  );
  const { api, clock } = connection(script.exchange, { loadDataTransfer });
  const { dataTransfer } = api;
  await clock.drive(dataTransfer.offersDataStudio());
  await clock.drive(dataTransfer.insert("10", "20", async () => undefined));
  await clock.drive(dataTransfer.get(job.id));
  await clock.drive(dataTransfer.list("10"));
  return script.sent.map(({ method, url, headers, body }) => {
    const { pathname, searchParams } = new URL(url);
    const parameters = [...searchParams].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const { authorization } = headers;
    const said: unknown = body === undefined ? undefined : JSON.parse(body);
    return { method, pathname, parameters, authorization, type: headers["content-type"], said };
  });
}

it("asks for the same, page by page, in the same words", async () => {
  const lean = await requestsOf(leanDataTransfer);
  expect(lean).toHaveLength(6);
  expect(lean).toEqual(await requestsOf(undefined));
});
