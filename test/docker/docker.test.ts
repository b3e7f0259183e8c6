/** The examples of docker/ ask for nothing that is not there: verbs, options, exit codes, settings, files. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { exitCodes } from "../../src/cli/exit-code.ts";
import type { Verb } from "../../src/cli/verb.ts";

const top = new URL("../../", import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(top, path), "utf8");

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly privileged?: boolean;
}

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly securityContext?: object;
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly securityContext?: object;
}

interface Resource {
  readonly kind: string;
  readonly spec: {
    readonly template: { readonly spec: PodSpec & { readonly template?: { readonly spec: PodSpec } } };
    readonly podFailurePolicy?: {
      readonly rules: readonly { readonly onExitCodes?: { readonly values: readonly number[] } }[];
    };
  };
}

const compose = parse(read("docker/compose.yaml"), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};
const ours = Object.entries(compose.services).filter(([, { image }]) => image === "handover");
const kubernetes = readdirSync(join(top, "docker/kubernetes")).flatMap((name) =>
  resources(`docker/kubernetes/${name}`),
);
const cloudRun = resources("docker/cloud-run/workers.yaml");
const containers = [...kubernetes, ...cloudRun].flatMap(({ path, resource }) => {
  const spec = resource.spec?.template.spec;
  return (spec?.template?.spec ?? spec)?.containers.map((container) => ({ path, container })) ?? [];
});

function resources(path: string): readonly { readonly path: string; readonly resource: Resource }[] {
  const documents = parseAllDocuments(read(path));
  return documents.map((document) => {
    expect(document.errors).toEqual([]);
    return { path, resource: document.toJS() as Resource };
  });
}

/** What the verb itself would refuse of a command line. */
async function problems(argv: readonly string[]): Promise<readonly string[]> {
  const [name = "", ...rest] = argv;
  const verb = (await import(`../../src/cli/${name}.ts`)) as Verb<object, unknown>;
  const command = new Command(name).exitOverride().configureOutput({ writeErr: () => {} });
  verb.define(command);
  try {
    command.parse([...rest], { from: "user" });
    verb.parse(command.args, command.opts());
    return [];
  } catch (error) {
    return [String(error)];
  }
}

describe("the services of compose.yaml", () => {
  it("are these", () => {
    expect(Object.keys(compose.services)).toEqual(
      "postgres emulator worker-1 worker-2 worker-3 plan apply verify report".split(" "),
    );
  });

  it.each(ours)("%s gives a command that exists", async (_, { command }) => {
    expect(await problems(command ?? [])).toEqual([]);
  });

  it.each(ours)("%s may write nowhere else and has no rights", (_, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
    expect(service.privileged).toBeUndefined();
  });

  it.each(ours.filter(([, { command }]) => command?.[0] === "worker"))("%s is asked where it answers", (_, service) => {
    const address = service.command?.find((word) => word.startsWith("--health="))?.slice("--health=".length);
    expect(service.healthcheck?.test.join(" ")).toContain(`http://${address}/readyz`);
  });

  it.each(Object.entries(compose.services))("%s has a health check that is a program", (_, { healthcheck }) => {
    const [, program, flag, code = ""] = healthcheck?.test ?? [];
    // Compiled, and not run.
    if (program === "node") expect(() => new Script(code), `${flag} ${code}`).not.toThrow();
  });
});

describe("the jobs", () => {
  it("are found", () => {
    expect(containers.map(({ path, container }) => `${path} ${container.args[0]}`)).toEqual([
      "docker/kubernetes/apply.yaml apply",
      "docker/kubernetes/plan.yaml plan",
      "docker/kubernetes/workers.yaml worker",
      "docker/cloud-run/workers.yaml worker",
    ]);
  });

  it.each(containers)("of $path give a command that exists", async ({ container }) => {
    expect(await problems(container.args)).toEqual([]);
  });

  it.each(containers)("of $path name an image by its digest", ({ container }) => {
    expect(container.image).toMatch(/\/handover@sha256:DIGEST$/);
  });

  it.each(kubernetes.filter(({ resource }) => resource.kind === "Job"))(
    "of $path run as nobody in particular, and fail on documented codes",
    ({ resource }) => {
      const { securityContext, containers: all } = resource.spec.template.spec;
      expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
      for (const each of all) {
        expect(each.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
      }
      const known = new Set<number>(Object.values(exitCodes));
      const codes = resource.spec.podFailurePolicy?.rules.flatMap(({ onExitCodes }) => onExitCodes?.values ?? []) ?? [];
      expect(codes.filter((code) => !known.has(code))).toEqual([]);
    },
  );

  it("set only what is a setting", () => {
    const topic = read("src/cli/config.ts") + read("src/cli/journal-address.ts");
    const names = [
      ...ours.flatMap(([, { environment }]) => Object.keys(environment ?? {})),
      ...containers.flatMap(({ container }) => container.env?.map(({ name }) => name) ?? []),
    ];
    expect([...new Set(names)].filter((name) => !topic.includes(`"${name}"`))).toEqual([]);
  });
});

describe("the Dockerfile", () => {
  const text = read("docker/Dockerfile");
  const allowed = read("docker/Dockerfile.dockerignore")
    .split("\n")
    .filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1));

  it("copies all that is let in, and nothing else", () => {
    const copied = text
      .split("\n")
      .filter((line) => line.startsWith("COPY ") && !line.includes("--from="))
      .flatMap((line) => line.split(" ").slice(1, -1));
    expect([...new Set(copied)].toSorted()).toEqual(allowed.toSorted());
    for (const name of allowed) expect(readdirSync(top)).toContain(name);
  });

  it("starts the command that the package names, as a user by number", () => {
    const { bin } = JSON.parse(read("package.json")) as { readonly bin: { readonly handover: string } };
    expect(text).toContain(`ENTRYPOINT ["node", "/opt/handover/${bin.handover}"]`);
    expect(text).toMatch(/^USER \d+:\d+$/m);
  });

  it("takes a driver of SQLite that the package allows, and a line of Node that it allows", () => {
    const manifest = JSON.parse(read("package.json")) as { readonly dependencies: Readonly<Record<string, string>> };
    const driver = /^ARG SQLITE_DRIVER=(\d+)\.\d+\.\d+$/m.exec(text)?.[1];
    expect(manifest.dependencies["better-sqlite3"]).toContain(`^${driver}.`);
    expect(text).toMatch(/^ARG NODE_IMAGE=docker\.io\/library\/node:\d+\.\d+\.\d+-\w+-slim$/m);
  });
});
