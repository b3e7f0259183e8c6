/** The Admin SDK Data Transfer API (api.md 3.1): the only way in which ownership moves, a whole user at a time. */
import type { admin_datatransfer_v1 } from "googleapis/build/src/apis/admin/index.js";
import { z } from "zod";
import type { DataTransferApi, TransferJob } from "../model/api.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";
import type { Authorised } from "./authorised.ts";
import { carry, loadDataTransfer } from "./generated.ts";
import type { Carriage } from "./generated.ts";
import { allPages } from "./pages.ts";
import type { Scopes } from "./scopes.ts";

/** Data Studio among the applications; its name has changed three times, its id never (api.md 3.1). */
export const dataStudioApplicationId = "810260081642";
const customerId = "my_customer";
const jobsPerPage = 500;

const applicationPage = z
  .object({
    applications: z.array(z.object({ id: z.string() })).optional(),
    nextPageToken: z.string().optional(),
  })
  .transform(({ applications = [], nextPageToken }) => ({ items: applications, nextPageToken }));
const job = z
  .object({
    id: z.string().min(1),
    oldOwnerUserId: z.string(),
    newOwnerUserId: z.string(),
    overallTransferStatusCode: z.string(),
    applicationDataTransfers: z.array(z.object({ applicationId: z.string() })).optional(),
    requestTime: z.string().optional(),
  })
  .transform((answer): TransferJob => ({
    id: answer.id,
    oldOwnerUserId: answer.oldOwnerUserId,
    newOwnerUserId: answer.newOwnerUserId,
    status: answer.overallTransferStatusCode,
    applicationIds: (answer.applicationDataTransfers ?? []).map((each) => each.applicationId),
    requestTime: answer.requestTime,
  }));
const jobPage = z
  .object({ dataTransfers: z.array(job).optional(), nextPageToken: z.string().optional() })
  .transform(({ dataTransfers = [], nextPageToken }) => ({ items: dataTransfers, nextPageToken }));

export class DataTransferClient implements DataTransferApi {
  readonly #authorised: Authorised;
  readonly #admin: Email;
  readonly #scopes: Scopes;
  readonly #load: () => Promise<admin_datatransfer_v1.Admin>;
  #api: Promise<admin_datatransfer_v1.Admin> | undefined;

  /** `load` answers what makes requests of method calls. */
  constructor(authorised: Authorised, admin: Email, scopes: Scopes, load: typeof loadDataTransfer = loadDataTransfer) {
    this.#authorised = authorised;
    this.#admin = admin;
    this.#scopes = scopes;
    this.#load = load;
  }

  async offersDataStudio(): Promise<boolean> {
    const applications = await allPages((pageToken) =>
      this.#call("datatransfer.applications.list", false, applicationPage, (api, carriage) =>
        api.applications.list({ customerId, ...(pageToken === undefined ? {} : { pageToken }) }, carriage),
      ),
    );
    return applications.some((application) => application.id === dataStudioApplicationId);
  }

  insert(oldOwnerUserId: string, newOwnerUserId: string, beforeSend: () => Promise<void>): Promise<TransferJob> {
    // No parameters: the application takes none, and moves everything (api.md 3.1).
    const requestBody = {
      oldOwnerUserId,
      newOwnerUserId,
      applicationDataTransfers: [{ applicationId: dataStudioApplicationId }],
    };
    const insert = (api: admin_datatransfer_v1.Admin, carriage: Carriage): Promise<unknown> =>
      api.transfers.insert({ requestBody }, carriage);
    return this.#call("datatransfer.transfers.insert", true, job, insert, beforeSend);
  }

  async get(id: string): Promise<TransferJob | undefined> {
    try {
      return await this.#call("datatransfer.transfers.get", false, job, (api, carriage) =>
        api.transfers.get({ dataTransferId: id }, carriage),
      );
    } catch (error) {
      if (error instanceof ApiError && error.failure === "not-found") return undefined;
      throw error;
    }
  }

  list(oldOwnerUserId: string): Promise<readonly TransferJob[]> {
    return allPages((pageToken) => {
      const parameters = { customerId, oldOwnerUserId, maxResults: jobsPerPage };
      return this.#call("datatransfer.transfers.list", false, jobPage, (api, carriage) =>
        api.transfers.list({ ...parameters, ...(pageToken === undefined ? {} : { pageToken }) }, carriage),
      );
    });
  }

  async #call<T>(
    route: string,
    isWrite: boolean,
    schema: z.ZodType<T>,
    run: (api: admin_datatransfer_v1.Admin, carriage: Carriage) => Promise<unknown>,
    beforeSend?: () => Promise<void>,
  ): Promise<T> {
    this.#api ??= this.#load();
    const api = await this.#api;
    const service = "data-transfer" as const;
    const call = { service, route, isWrite, actor: this.#admin, scopes: this.#scopes, beforeSend };
    return carry(this.#authorised, call, schema, (carriage) => run(api, carriage));
  }
}
