/** Where things are mended: the pages of Google's two consoles, and what to enter there. */
import type { Fix } from "../../model/doctor.ts";
import type { Email } from "../../model/email.ts";

const adminConsole = "https://admin.google.com/ac";
const cloudConsole = "https://console.cloud.google.com";

/** The Cloud project of a service account, which its address names; undefined for other addresses. */
export function projectOf(account: Email | undefined): string | undefined {
  return /@([a-z][a-z0-9-]{4,61})\.iam\.gserviceaccount\.com$/.exec(account ?? "")?.[1];
}

function inProject(path: string, project: string | undefined): string {
  return `${cloudConsole}/${path}${project === undefined ? "" : `?project=${project}`}`;
}

/** Enter a client and its scopes in the table of domain-wide delegation. Only a super administrator sees that page. */
export function delegateFix(clientId: string | undefined, scopes: readonly string[], action: string): Fix {
  return {
    action,
    url: `${adminConsole}/owl/domainwidedelegation`,
    enter: [
      ...(clientId === undefined ? [] : [{ field: "Client ID", value: clientId }]),
      { field: "OAuth scopes", value: scopes.join(",") },
    ],
  };
}

/** Make a new key, for an account whose old one no longer serves. */
export function newKeyFix(project: string | undefined, account: Email | undefined): Fix {
  return {
    action: `make a new key${account === undefined ? "" : ` for ${account}`} (Keys > Add key > JSON), and name that file with --key`,
    url: inProject("iam-admin/serviceaccounts", project),
  };
}

export function enableFix(
  service: "datastudio.googleapis.com" | "admin.googleapis.com",
  project: string | undefined,
): Fix {
  const name = service === "admin.googleapis.com" ? "the Admin SDK API" : "the Data Studio API (Looker Studio API)";
  return {
    action: `enable ${name} in the ${project === undefined ? "key's Cloud project" : `project ${project}`}; it takes a few minutes to work`,
    url: inProject(`apis/library/${service}`, project),
  };
}

export function quotaFix(project: string | undefined, action: string): Fix {
  return { action, url: inProject("apis/api/datastudio.googleapis.com/quotas", project) };
}

export function usersFix(action: string): Fix {
  return { action, url: `${adminConsole}/users` };
}

export function rolesFix(action: string): Fix {
  return { action, url: `${adminConsole}/roles` };
}

/** Turn Data Studio on for people: it is among the additional Google services. */
export function serviceFix(action: string): Fix {
  return { action, url: `${adminConsole}/appslist/additional` };
}
