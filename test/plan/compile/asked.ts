/** What rows ask, read apart from the compiler: which assets a row is about, and what of it an asset does not show. */
import type { Request } from "../../../src/model/request.ts";
import type { AssetSpec } from "./arbitrary.ts";
import type { Held } from "./server.ts";

/** Whether a row chooses the asset as it was, read apart from the code under test. */
export function isAbout({ select, trashed }: Request, spec: AssetSpec): boolean {
  if (spec.trashed && trashed === "exclude") return false;
  if (select.asset !== undefined) return select.asset === spec.name;
  const isTitle = ["*", undefined, spec.title].includes(select.title);
  const isGlob =
    (select.title === "Board *" && spec.title.startsWith("Board ")) ||
    (select.title === "S?les" && spec.title === "Sales");
  return (
    select.types.some((type) => type === spec.type) &&
    (select.owner === undefined || select.owner === `${spec.owner}@acme.example`) &&
    (isTitle || isGlob)
  );
}

/** What a row asks of an asset and the server does not show. */
export function unmetBy(request: Request, { owner, pairs }: Held, before: ReadonlySet<string>): readonly string[] {
  const missing = (pair: string): readonly string[] => (pairs.has(pair) ? [] : [`no ${pair}`]);
  const present = (test: (pair: string) => boolean): readonly string[] => [...pairs].filter(test);
  switch (request.action) {
    case "grant":
      // The owner has every right already.
      return request.member.member === `user:${owner}` ? [] : missing(`${request.role} ${request.member.member}`);
    case "set-role": {
      const { member } = request.member;
      const other = request.role === "EDITOR" ? "VIEWER" : "EDITOR";
      return [...missing(`${request.role} ${member}`), ...present((pair) => pair === `${other} ${member}`)];
    }
    case "revoke":
      return present((pair) => {
        const [role, member] = pair.split(" ");
        return member === request.member.member && (request.role === undefined || role === request.role);
      });
    case "replace-member":
      return request.roles.flatMap((role) => [
        ...present((pair) => pair === `${role} ${request.from.member}`),
        ...(before.has(`${role} ${request.from.member}`) ? missing(`${role} ${request.to.member}`) : []),
      ]);
    case "set-link": {
      const wanted = `${request.role} ${request.member}`;
      return [...missing(wanted), ...present((pair) => pair.startsWith("LINK_") && pair !== wanted)];
    }
    case "close-link":
      return present((pair) => pair.startsWith("LINK_"));
    case "transfer":
      return [];
  }
}
