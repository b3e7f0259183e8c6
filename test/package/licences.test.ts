/** What an installation brings: licences, counts, and the bill of materials, from this checkout's own lockfile and from planted ones. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { billOf } from "./bill.ts";
import type { Bill, Component } from "./bill.ts";
import { installedPackages, licenceProblems, packageBounds } from "./licences.ts";
import type { Lock } from "./licences.ts";

const ours = JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8")) as Lock;

/** A lockfile with some packages more, each `[path, licence, is it for development]`. */
function lock(...entries: readonly (readonly [string, string | undefined, boolean?])[]): Lock {
  const packages = entries.map(([path, license, dev = false]) => [
    path,
    { version: "1.0.0", ...(license === undefined ? {} : { license }), ...(dev ? { dev } : {}) },
  ]);
  const uplot = { version: "1.6.32", license: "MIT", dev: true };
  const root = { dependencies: { alpha: "^1.0.0" } };
  return { packages: { "": root, "node_modules/uplot": uplot, ...Object.fromEntries(packages) } };
}

describe("the packages of an installation", () => {
  it("are all under permissive licences, and few enough", () => {
    expect(licenceProblems(ours)).toEqual([]);
  });

  it("hold every dependency of the manifest, whether a development tool needs it as well or not", () => {
    const { dependencies } = ours.packages[""] ?? {};
    const direct = installedPackages(ours).filter(({ isDirect }) => isDirect);
    expect(direct.map(({ name }) => name)).toEqual(Object.keys(dependencies ?? {}).toSorted());
  });

  it.each([
    ["GPL-3.0-only"],
    ["MIT AND GPL-2.0-only"],
    ["(LGPL-3.0-only OR GPL-3.0-only)"],
    ["SEE LICENSE IN LICENSE"],
    [undefined],
  ])("are refused under %s", (licence) => {
    expect(licenceProblems(lock(["node_modules/alpha", licence]))).toEqual([
      `alpha@1.0.0 is under ${licence ?? "no licence that it names"}`,
    ]);
  });

  it.each([["MIT"], ["(MIT OR GPL-3.0-only)"], ["(BSD-2-Clause AND ISC)"]])("may be under %s", (licence) => {
    expect(licenceProblems(lock(["node_modules/alpha", licence]))).toEqual([]);
  });

  it("are looked at where they lie below another, and development tools are not", () => {
    const nested = lock(["node_modules/alpha/node_modules/@a/b", "AGPL-3.0"], ["node_modules/tool", "GPL-3.0", true]);
    expect(licenceProblems(nested)).toEqual(["@a/b@1.0.0 is under AGPL-3.0"]);
  });

  it("may not become too many", () => {
    const many = Array.from({ length: packageBounds.allMax + 1 }, (_, at) => [`node_modules/p${at}`, "MIT"] as const);
    expect(licenceProblems(lock(...many))).toEqual([
      expect.stringContaining(`brings ${packageBounds.allMax + 1} packages, more than `),
    ]);
  });
});

describe("the bill of materials", () => {
  const component = (name: string, version: string, scope = "optional"): Component => ({
    "bom-ref": `${name}@${version}`,
    name,
    version,
    scope,
    properties: [{ name: "cdx:npm:package:development", value: "true" }],
  });
  const whole: Bill = {
    metadata: { component: { ...component("a-folder", "0.1.0"), "bom-ref": "handover@0.1.0" } },
    components: [component("alpha", "1.0.0"), component("tool", "1.0.0"), component("uplot", "1.6.32")],
    dependencies: [
      { ref: "handover@0.1.0", dependsOn: ["alpha@1.0.0", "tool@1.0.0", "uplot@1.6.32"] },
      { ref: "alpha@1.0.0", dependsOn: [] },
      { ref: "tool@1.0.0", dependsOn: ["alpha@1.0.0"] },
    ],
  };
  const few = lock(["node_modules/alpha", "MIT"], ["node_modules/tool", "MIT", true]);

  it("names the package, what an installation brings, and what is part of its files", () => {
    const bill = billOf(whole, "handover", few);
    expect(bill.metadata.component.name).toBe("handover");
    expect(bill.components.map(({ name, scope, properties }) => [name, scope, properties?.[0]?.name])).toEqual([
      ["alpha", "optional", "cdx:npm:package:development"],
      ["uplot", "required", "handover:bundled"],
    ]);
    expect(bill.dependencies).toEqual([
      { ref: "handover@0.1.0", dependsOn: ["alpha@1.0.0", "uplot@1.6.32"] },
      { ref: "alpha@1.0.0", dependsOn: [] },
    ]);
  });

  it("is refused when it lacks something that is installed", () => {
    const lacking = { ...whole, components: whole.components.filter(({ name }) => name !== "alpha") };
    expect(() => billOf(lacking, "handover", few)).toThrow("the bill of materials lacks alpha@1.0.0");
  });
});
