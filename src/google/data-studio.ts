/** The Data Studio API (api.md 1), straight over the exchange: these are the calls made by the hundred thousand. */
import { z } from "zod";
import type { AssetQuery, DataStudioApi } from "../model/api.ts";
import { assetNameOrUndefined } from "../model/asset.ts";
import type { Asset, AssetName } from "../model/asset.ts";
import { emailOrUndefined } from "../model/email.ts";
import type { Email } from "../model/email.ts";
import type { Permissions } from "../model/permissions.ts";
import type { Authorised } from "./authorised.ts";
import { parsePermissions, patchBody } from "./permissions-json.ts";
import { dataStudioOrigin } from "./route.ts";
import type { Scopes } from "./scopes.ts";
import { ShapeError } from "./send.ts";

const userAgent = "handover (gzip)";
/** Small answers are not worth unpacking; a page of a thousand assets is. Google compresses only for agents that say gzip. */
const smallHeaders = { accept: "application/json", "user-agent": userAgent };
const pageHeaders = { ...smallHeaders, "accept-encoding": "gzip" };
const patchHeaders = { ...smallHeaders, "content-type": "application/json" };

/** The documented default, and the largest page anybody is known to use (api.md 1.2). */
const pageSize = "1000";
const fields = "nextPageToken,assets(name,assetType,title,owner,trashed,createTime,updateTime)";
/** Ordered by something that no edit changes, so that pages neither skip nor repeat (api.md 1.2). */
const sameForAll = `pageSize=${pageSize}&orderBy=id&fields=${encodeURIComponent(fields)}`;

const page = z.object({
  assets: z
    .array(
      z.object({
        name: z.string(),
        assetType: z.string(),
        title: z.string().optional(),
        owner: z.string().optional(),
        trashed: z.boolean().optional(),
        createTime: z.string().optional(),
        updateTime: z.string().optional(),
      }),
    )
    .optional(),
  nextPageToken: z.string().optional(),
});

export class DataStudioClient implements DataStudioApi {
  readonly #authorised: Authorised;
  readonly #scopes: Scopes;

  constructor(authorised: Authorised, scopes: Scopes) {
    this.#authorised = authorised;
    this.#scopes = scopes;
  }

  search(
    actor: Email,
    query: AssetQuery,
    pageToken?: string,
  ): Promise<{ readonly assets: readonly Asset[]; readonly nextPageToken: string | undefined }> {
    const call = {
      service: "data-studio" as const,
      route: "assets.search",
      isWrite: false,
      actor,
      method: "GET" as const,
      url: `${dataStudioOrigin}/v1/assets:search?${searchParameters(query, pageToken)}`,
      headers: pageHeaders,
    };
    return this.#authorised.read(call, this.#scopes, (body) => parsePage(body, query, pageToken));
  }

  getPermissions(actor: Email, name: AssetName): Promise<Permissions> {
    const call = {
      service: "data-studio" as const,
      route: "assets.getPermissions",
      isWrite: false,
      actor,
      method: "GET" as const,
      url: permissionsUrl(name),
      headers: smallHeaders,
    };
    return this.#authorised.read(call, this.#scopes, parsePermissions);
  }

  patchPermissions(
    actor: Email,
    name: AssetName,
    permissions: Permissions,
    beforeSend: () => Promise<void>,
  ): Promise<Permissions> {
    const call = {
      service: "data-studio" as const,
      route: "assets.updatePermissions",
      isWrite: true,
      actor,
      method: "PATCH" as const,
      url: permissionsUrl(name),
      headers: patchHeaders,
      // Put together when it leaves: while hundreds wait for their intents, their bodies need no room.
      body: () => patchBody(name, permissions),
      beforeSend,
    };
    return this.#authorised.write(call, this.#scopes, parsePermissions);
  }
}

function permissionsUrl(name: AssetName): string {
  return `${dataStudioOrigin}/v1/assets/${name}/permissions`;
}

function searchParameters(query: AssetQuery, pageToken: string | undefined): string {
  // Put together as text: URLSearchParams takes five times as long, for every page of every user.
  const type = `assetTypes=${encodeURIComponent(query.assetType)}&`;
  const owner = query.owner === undefined ? "" : `&owner=${encodeURIComponent(query.owner)}`;
  const trash = query.trashed ? "&includeTrashed=true" : "";
  const next = pageToken === undefined ? "" : `&pageToken=${encodeURIComponent(pageToken)}`;
  return `${type}${sameForAll}${owner}${trash}${next}`;
}

/** Trashed is compared here as well: the meaning of `includeTrashed` has changed once, unannounced (api.md 0.4). */
function parsePage(
  body: string,
  query: AssetQuery,
  pageToken: string | undefined,
): { readonly assets: readonly Asset[]; readonly nextPageToken: string | undefined } {
  const { assets = [], nextPageToken = "" } = page.parse(JSON.parse(body));
  if (nextPageToken !== "" && nextPageToken === pageToken) throw new ShapeError("the next page is this one again");
  return {
    assets: assets.map(parseAsset).filter((asset) => asset.trashed === query.trashed),
    nextPageToken: nextPageToken === "" ? undefined : nextPageToken,
  };
}

type AssetAnswer = NonNullable<z.infer<typeof page>["assets"]>[number];

function parseAsset(answer: AssetAnswer): Asset {
  const name = assetNameOrUndefined(answer.name);
  if (name === undefined) throw new ShapeError("an asset has no usable name");
  return {
    name,
    assetType: answer.assetType,
    title: answer.title ?? "",
    owner: emailOrUndefined(answer.owner),
    trashed: answer.trashed ?? false,
    createTime: answer.createTime,
    updateTime: answer.updateTime,
  };
}
