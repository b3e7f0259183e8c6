/** What a transfer request may say: the applications on offer, the people it names, and what is refused (api.md 3.1). */
import { textList, object, readBody, textOf } from "./body.ts";
import type { Call } from "./call.ts";
import { invalidInput } from "./directory.ts";
import type { PersonRecord } from "./directory-state.ts";
import { notFound, Refusal } from "./refusal.ts";
import type { Switches } from "./switches.ts";

export const dataStudioApplication = "810260081642";

export interface ApplicationPart {
  readonly applicationId: string;
  readonly params: readonly { readonly key: string; readonly value: readonly string[] }[];
}

const applications = [
  { id: "435070579839", name: "Calendar", params: [{ key: "RELEASE_RESOURCES", value: ["TRUE"] }] },
  { id: "55656082996", name: "Drive and Docs", params: [{ key: "PRIVACY_LEVEL", value: ["PRIVATE", "SHARED"] }] },
];

export interface TransferRequest {
  readonly oldOwner: PersonRecord;
  readonly newOwner: PersonRecord;
  readonly parts: readonly ApplicationPart[];
}

/** Reads the body of transfers.insert; throws what Google refuses. */
export function readTransferRequest(call: Call): TransferRequest {
  const body = readBody(call.body, bodyFields);
  const parts = readParts(body["applicationDataTransfers"], call.switches);
  const oldOwner = personAt(call, body["oldOwnerUserId"], "oldOwnerUserId");
  const newOwner = personAt(call, body["newOwnerUserId"], "newOwnerUserId");
  checkPeople(oldOwner, newOwner, call.switches);
  return { oldOwner, newOwner, parts };
}

const bodyFields = [
  "kind",
  "etag",
  "id",
  "oldOwnerUserId",
  "newOwnerUserId",
  "applicationDataTransfers",
  "overallTransferStatusCode",
  "requestTime",
];

function readParts(value: unknown, switches: Switches): readonly ApplicationPart[] {
  if (!Array.isArray(value) || value.length === 0) throw invalidInput("applicationDataTransfers");
  return value.map((item: unknown) => {
    const fields = ["applicationId", "applicationTransferParams", "applicationTransferStatus"];
    const part = object(item, "applicationDataTransfers", fields);
    const applicationId = textOf(part["applicationId"], "applicationId");
    const application = offered(switches).find((candidate) => candidate.id === applicationId);
    if (application === undefined) throw invalidInput("applicationId");
    const given: readonly unknown[] = Array.isArray(part["applicationTransferParams"])
      ? part["applicationTransferParams"]
      : [];
    const params = given.map((entry) => {
      const param = object(entry, "applicationTransferParams", ["key", "value"]);
      return { key: textOf(param["key"], "key"), value: textList(param["value"], "value") };
    });
    const known = new Set((application.transferParams ?? []).map((param) => param.key));
    if (params.some((param) => !known.has(param.key))) throw invalidInput("applicationTransferParams");
    return { applicationId, params };
  });
}

function checkPeople(oldOwner: PersonRecord, newOwner: PersonRecord, switches: Switches): void {
  if (oldOwner === newOwner && switches.transferToSelf === "400") throw invalidInput("newOwnerUserId");
  if (oldOwner.suspended && switches.suspendedOwnerTransfer === "400") throw invalidInput("oldOwnerUserId");
  if ((newOwner.suspended || newOwner.archived) && switches.suspendedHeirTransfer === "400") {
    throw invalidInput("newOwnerUserId");
  }
}

function personAt(call: Call, id: unknown, field: string): PersonRecord {
  const person = call.state.directory.people.get(textOf(id, field));
  if (person === undefined || person.deletedAt !== undefined) throw unknownUser(field, call.switches);
  return person;
}

function unknownUser(field: string, switches: Switches): Refusal {
  switch (switches.transferUnknownUser) {
    case "403":
      return new Refusal({
        code: 403,
        status: "PERMISSION_DENIED",
        message: "Not Authorized to access this resource/api",
        reason: "forbidden",
      });
    case "404":
      return notFound(`Resource Not Found: ${field}`);
    case "400":
      return invalidInput(field);
  }
}

export interface Application {
  readonly kind: string;
  readonly etag: string;
  readonly id: string;
  readonly name: string;
  readonly transferParams?: readonly { readonly key: string; readonly value: readonly string[] }[];
}

/** The applications transfers can be asked for, as the API lists them. */
export function offered(switches: Switches): readonly Application[] {
  const own = { id: dataStudioApplication, name: switches.transferApplicationName, params: [] };
  const all = switches.transferApplication === "offered" ? [...applications, own] : applications;
  return all.map((application) => ({
    kind: "admin#datatransfer#ApplicationResource",
    etag: `"emulated/${application.id}"`,
    id: application.id,
    name: application.name,
    ...(application.params.length === 0 ? {} : { transferParams: application.params }),
  }));
}
