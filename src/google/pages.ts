/** Follows page tokens to their end, with a limit, and never round in a circle. */
import { ApiError } from "../model/errors.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Undefined or empty at the end. */
  readonly nextPageToken: string | undefined;
}

const pagesMax = 10_000;

/** Every item of every page. Throws `ApiError` as `eachPage` does. */
export async function allPages<T>(
  fetchPage: (pageToken: string | undefined) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const items: T[] = [];
  // One by one: no call takes as many arguments as a page may hold.
  for await (const page of eachPage(fetchPage)) for (const item of page.items) items.push(item);
  return items;
}

/** The pages one after the other. Throws `ApiError` (`refuse`, `endless-pages`) when they do not end. */
export async function* eachPage<P extends Pick<Page<unknown>, "nextPageToken">>(
  fetchPage: (pageToken: string | undefined) => Promise<P>,
): AsyncGenerator<P> {
  const seen = new Set<string>();
  let pageToken: string | undefined;
  do {
    const page = await fetchPage(pageToken);
    yield page;
    pageToken = page.nextPageToken === "" ? undefined : page.nextPageToken;
    if (pageToken !== undefined && (seen.has(pageToken) || seen.size >= pagesMax)) {
      throw new ApiError("the server's list of pages does not end", {
        disposition: "refuse",
        failure: "endless-pages",
      });
    }
    seen.add(pageToken ?? "");
  } while (pageToken !== undefined);
}
