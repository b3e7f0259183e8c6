/** The emulator's README names every route there is, and no other. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { controlRoutes } from "../../src/emulator/control.ts";
import { matchRoute, routes } from "../../src/emulator/routes.ts";

const readme = readFileSync(new URL("../../src/emulator/README.md", import.meta.url), "utf8");

function section(title: string): string {
  return readme.split("\n## ").find((text) => text.startsWith(`${title}\n`)) ?? "";
}

/** What stands in the first column of its table. */
function rows(title: string): readonly string[] {
  return [...section(title).matchAll(/^\| `([A-Z][^`]*)`/gm)].map(([, text = ""]) => text);
}

function ids(services: readonly string[]): readonly string[] {
  return Object.values(routes)
    .filter(({ service }) => services.includes(service))
    .map(({ id }) => id)
    .toSorted();
}

describe("the emulator's README", () => {
  it("names each control route", () => {
    const shown = rows("Control routes").flatMap((row) => {
      const [, methods = "", name = ""] = /^([A-Z, ]+) \/_emulator\/([a-z]*)/.exec(row) ?? [];
      return methods.split(", ").map((method) => `${method} ${name}`);
    });
    expect(shown.toSorted()).toEqual([...controlRoutes].toSorted());
  });

  it("names each path for signing in", () => {
    const shown = rows("Signing in, and signing without a key").map((row) => {
      const [method = "", path = ""] = row.split(" ");
      return matchRoute(method, path)?.route.id ?? row;
    });
    expect(shown.toSorted()).toEqual(ids(["token", "iamcredentials"]));
  });

  it("names each method of the services", () => {
    const shown = [...section("Methods").matchAll(/`([a-z]+(?:\.[A-Za-z]+)+)`/g)].map(([, id = ""]) => id);
    expect(shown.toSorted()).toEqual(ids(["datastudio", "directory", "datatransfer"]));
  });
});
