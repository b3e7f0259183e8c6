/**
 * What Google's generated client makes of a Data Transfer call, in a few lines: addresses, parameters and bodies, carried by the same
 * code of the product. Making each request as the library does is a twelfth of a seed, so that it is done in one seed of
 * eight (setting.ts).
 */
import type { admin_datatransfer_v1 } from "googleapis/build/src/apis/admin/index.js";
import type { Carriage } from "../../src/google/generated.ts";

const base = "https://admin.googleapis.com/admin/datatransfer/v1";

type Parameters = Readonly<Record<string, string | number>>;

async function get(path: string, parameters: Parameters, { fetchImplementation }: Carriage): Promise<void> {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  await fetchImplementation(`${base}/${path}${query.length === 0 ? "" : `?${query.join("&")}`}`);
}

const lean = {
  applications: { list: (parameters: Parameters, carriage: Carriage) => get("applications", parameters, carriage) },
  transfers: {
    list: (parameters: Parameters, carriage: Carriage) => get("transfers", parameters, carriage),
    get: (parameters: { readonly dataTransferId: string }, carriage: Carriage) =>
      get(`transfers/${encodeURIComponent(parameters.dataTransferId)}`, {}, carriage),
    insert: async (parameters: { readonly requestBody: object }, { fetchImplementation }: Carriage) => {
      const headers = { "content-type": "application/json" };
      await fetchImplementation(`${base}/transfers`, { headers, body: JSON.stringify(parameters.requestBody) });
    },
  },
};

export async function leanDataTransfer(): Promise<admin_datatransfer_v1.Admin> {
  return lean as unknown as admin_datatransfer_v1.Admin;
}
