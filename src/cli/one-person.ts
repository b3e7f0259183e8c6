/** What one person's credentials cannot do: move everything a user owns, which takes looking as the old owner and as the new. */
import type { Api } from "../model/api.ts";
import type { Email } from "../model/email.ts";
import { ApiError } from "../model/errors.ts";

/** The same connection, for which there are no transfers: neither planned nor begun. */
export function withoutTransfers(api: Api, person: Email): Api {
  const refuse = async (): Promise<never> => {
    throw new ApiError(
      `a whole-user transfer is looked at as the old owner and as the new one, and these credentials are ${person}'s alone`,
      { disposition: "halt-run", failure: "one-person" },
    );
  };
  const { dataTransfer } = api;
  return {
    ...api,
    dataTransfer: {
      offersDataStudio: refuse,
      insert: refuse,
      get: (id) => dataTransfer.get(id),
      list: (oldOwnerUserId) => dataTransfer.list(oldOwnerUserId),
    },
  };
}
