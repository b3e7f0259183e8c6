/** The Directory straight from the server's state: planning asks it so often that the generated client would take half the time. */
import type { DirectoryState, PersonRecord } from "../../src/emulator/directory-state.ts";
import type { DirectoryApi } from "../../src/model/api.ts";
import { parseDomain } from "../../src/model/email.ts";
import type { Domain } from "../../src/model/email.ts";
import type { Person } from "../../src/model/tenant.ts";
import { address } from "./scene.ts";

export function directoryOf(state: DirectoryState): DirectoryApi {
  return {
    domains: async () => ({ primary: domain(state.primaryDomain), all: [domain(state.primaryDomain)] }),
    user: async (key) => {
      const found = state.person(key);
      return found === undefined ? undefined : personOf(found);
    },
    group: async (key) => {
      const found = state.group(key);
      return found === undefined ? undefined : { id: found.id, email: address(found.email) };
    },
    deletedUsers: async () => [],
    users: async () => ({ people: [...state.people.values()].map(personOf), nextPageToken: undefined }),
    groupMembers: async () => ({ members: [], nextPageToken: undefined }),
  };
}

function personOf({ id, email, suspended, archived }: PersonRecord): Person {
  return { id, email: address(email), aliases: [], suspended, archived };
}

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}
