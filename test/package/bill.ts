/** A CycloneDX bill of materials of everything in a checkout becomes that of what an installation brings. */
import { bundledPackages, installedPackages } from "./licences.ts";
import type { Lock } from "./licences.ts";

export interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly scope?: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

export interface Bill {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** `name` is the package's own: npm calls the root of a bill as the folder is called. */
export function billOf(bill: Bill, name: string, lock: Lock): Bill {
  const bundled = new Set(bundledPackages(lock).map(keyOf));
  const wanted = new Set([...installedPackages(lock).map(keyOf), ...bundled]);
  const components = bill.components
    .filter((component) => wanted.has(keyOf(component)))
    .map((component) => (bundled.has(keyOf(component)) ? partOfUs(component) : component));
  const absent = [...wanted].filter((key) => !components.some((component) => keyOf(component) === key));
  if (absent.length > 0) throw new Error(`the bill of materials lacks ${absent.join(", ")}`);
  const root = bill.metadata.component;
  const refs = new Set([root["bom-ref"], ...components.map((component) => component["bom-ref"])]);
  return {
    ...bill,
    metadata: { ...bill.metadata, component: { ...root, name } },
    components,
    dependencies: bill.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) })),
  };
}

function keyOf({ name, version }: { readonly name: string; readonly version: string }): string {
  return `${name}@${version}`;
}

function partOfUs(component: Component): Component {
  return { ...component, scope: "required", properties: [{ name: "handover:bundled", value: "true" }] };
}
