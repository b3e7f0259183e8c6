/** Follows page tokens to their end, with a limit, and never round in a circle. */
import { ApiError } from "../model/errors.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Undefined or empty at the end. */
  readonly nextPageToken: string | undefined;
}

const pagesMax = 10_000;

/** Every item of every page. Throws `ApiError` (`refuse`, `endless-pages`) when the pages do not end. */
export async function allPages<T>(
  fetchPage: (pageToken: string | undefined) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const items: T[] = [];
  const seen = new Set<string>();
  let pageToken: string | undefined;
  do {
    const page = await fetchPage(pageToken);
    items.push(...page.items);
    pageToken = page.nextPageToken === "" ? undefined : page.nextPageToken;
    if (pageToken !== undefined && (seen.has(pageToken) || seen.size >= pagesMax)) {
      throw new ApiError("the server's list of pages does not end", {
        disposition: "refuse",
        failure: "endless-pages",
      });
    }
    seen.add(pageToken ?? "");
  } while (pageToken !== undefined);
  return items;
}
