/** Answers of Google's services, read by the clients that ship: whatever comes, it is an answer of the right shape or an `ApiError`. */
import { assetNameOrUndefined } from "../../../src/model/asset.ts";
import type { Api } from "../../../src/model/api.ts";
import { parseEmail } from "../../../src/model/email.ts";
import { ApiError } from "../../../src/model/errors.ts";
import type { Permissions } from "../../../src/model/permissions.ts";
import type { Person } from "../../../src/model/tenant.ts";
import { parsePermissions, patchBody } from "../../../src/google/permissions-json.ts";
import { anna, connection, keyOfTest } from "../../google/scripted.ts";
import { attempted } from "../oracle.ts";
import { mustHold } from "../target.ts";
import type { Target } from "../target.ts";
import { replyOf, replyText, replyWords } from "./reply.ts";

type Call = (api: Api) => Promise<void>;

const asset = assetNameOrUndefined("2b606487-42c2-416f-98a1-0d8e5a1f0c11");
if (asset === undefined) throw new Error("not an asset name");
const name = asset;
const noWait = async (): Promise<void> => undefined;

const refusal = replyText(403, {
  error: { code: 403, status: "PERMISSION_DENIED", message: "no", details: [{ reason: "X", metadata: {} }] },
});

/** Gives every request of every call the same answer, and two attempts. */
function target(
  corpus: readonly Buffer[],
  calls: readonly Call[],
  words: readonly string[] = [],
  credentials: { readonly key?: typeof keyOfTest } = {},
): Target {
  return {
    corpus: [...corpus, refusal],
    dictionary: [...replyWords, ...words],
    run: async (input) => {
      const reply = replyOf(input);
      for (const call of calls) {
        const { api, clock } = connection(async () => reply, { attemptsMax: 2, ...credentials });
        await attempted(() => clock.drive(call(api)), ApiError);
        await api.close();
      }
    },
  };
}

export const apiSearch = async (): Promise<Target> =>
  target(
    [
      replyText(200, {
        assets: [
          { name, assetType: "REPORT", title: "Größe \u202e", owner: "anna@acme.example", trashed: false },
          { name: "abc", assetType: "SOMETHING", createTime: "2026-01-01T00:00:00Z", updateTime: "x" },
        ],
        nextPageToken: "more",
      }),
      replyText(200, {}),
    ],
    [
      async (api) => {
        for (const trashed of [false, true]) {
          const { assets, nextPageToken } = await api.dataStudio.search(anna, { assetType: "REPORT", trashed }, "t");
          mustHold(nextPageToken !== "" && nextPageToken !== "t", "the pages do not end");
          for (const one of assets) {
            mustHold(assetNameOrUndefined(one.name) === one.name, "an asset's name could bend a path");
            mustHold(one.owner === undefined || isEmail(one.owner), "an owner is no address");
            mustHold(one.trashed === trashed, "an asset of the other side of the trash came through");
          }
        }
      },
    ],
  );

export const apiPermissions = async (): Promise<Target> =>
  target(
    [
      replyText(200, {
        permissions: {
          OWNER: { members: ["user:anna@acme.example"] },
          EDITOR: { members: ["user:ben@acme.example", "group:bi@acme.example"] },
          LINK_VIEWER: { members: ["allUsers", "domain:acme.example"] },
          NEW_ROLE: { members: ["martian:x", "\ud800"] },
          EMPTY: {},
        },
        etag: "BwYyUa",
      }),
      replyText(200, '{"permissions":{"__proto__":{"members":["user:ben@acme.example"]}},"etag":"e"}'),
    ],
    [
      async (api) => {
        const read = await api.dataStudio.getPermissions(anna, name);
        survives(read);
        survives(await api.dataStudio.patchPermissions(anna, name, read, noWait));
      },
    ],
  );

/** What was read is written back byte for byte, whatever its roles and members are called. */
function survives(permissions: Permissions): void {
  const sent: unknown = JSON.parse(patchBody(name, permissions));
  const inner: unknown = typeof sent === "object" && sent !== null ? Reflect.get(sent, "permissions") : undefined;
  if (permissions.roles.size === 0 && permissions.etag === undefined) return;
  const again = parsePermissions(JSON.stringify(inner));
  mustHold(again.etag === permissions.etag, "the etag changes on its way back");
  const sorted = ({ roles }: Permissions): string => JSON.stringify([...roles].toSorted(byRole));
  mustHold(sorted(again) === sorted(permissions), "roles change on their way back");
}

function byRole([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

const job = {
  id: "AKrEtIY",
  oldOwnerUserId: "100001",
  newOwnerUserId: "100002",
  overallTransferStatusCode: "completed",
  applicationDataTransfers: [{ applicationId: "810260081642", applicationTransferStatus: "completed" }],
  requestTime: "2026-11-21T09:00:00Z",
};

export const apiTransfer = async (): Promise<Target> =>
  target(
    [
      replyText(200, job),
      replyText(200, { dataTransfers: [job], nextPageToken: "" }),
      replyText(200, { applications: [{ id: "810260081642", name: "Looker Studio" }], nextPageToken: "n" }),
    ],
    [
      async (api) => void (await api.dataTransfer.insert("100001", "100002", noWait)),
      async (api) => void (await api.dataTransfer.get("../../x")),
      async (api) => void (await api.dataTransfer.list("100001")),
      async (api) => void (await api.dataTransfer.offersDataStudio()),
    ],
    ['"dataTransfers":', '"applications":', '"id":', '"overallTransferStatusCode":'],
  );

const user = { id: "100001", primaryEmail: "anna@acme.example", aliases: ["a@acme.example"], suspended: false };

export const apiDirectory = async (): Promise<Target> =>
  target(
    [
      replyText(200, user),
      replyText(200, { users: [user, { ...user, deletionTime: "2026-11-01T00:00:00Z" }], nextPageToken: "n" }),
      replyText(200, { id: "g1", email: "bi@acme.example" }),
      replyText(200, {
        domains: [
          {
            domainName: "acme.example",
            isPrimary: true,
            verified: true,
            domainAliases: [{ domainAliasName: "acme-alias.example", verified: true }],
          },
        ],
      }),
    ],
    [
      async (api) => void (await api.directory.domains()),
      async (api) => soundPeople([await api.directory.user("anna@acme.example")]),
      async (api) => void (await api.directory.group("bi@acme.example")),
      async (api) => soundPeople((await api.directory.users()).people),
      async (api) => soundPeople(await api.directory.deletedUsers()),
    ],
    ['"users":', '"domains":', '"primaryEmail":', '"domainName":', '"isPrimary":', '"aliases":'],
  );

function soundPeople(people: readonly (Person | undefined)[]): void {
  for (const person of people) {
    if (person === undefined) continue;
    mustHold(isEmail(person.email) && person.aliases.every(isEmail), "a person has an address that is none");
  }
}

function isEmail(text: string): boolean {
  const parsed = parseEmail(text);
  return parsed.ok && parsed.value === text;
}

export const apiToken = async (): Promise<Target> =>
  target(
    [
      replyText(200, { access_token: "ya29.secret", expires_in: 3599, token_type: "Bearer" }),
      replyText(400, { error: "invalid_grant", error_description: "Invalid JWT: Token must be a short-lived token" }),
      replyText(401, { error: "unauthorized_client", error_description: "Client is unauthorized" }),
    ],
    [async (api) => api.authenticate(anna)],
    ['"access_token":', '"expires_in":', "invalid_grant", "invalid_request", "invalid_scope", "deleted_client"],
    { key: keyOfTest },
  );
