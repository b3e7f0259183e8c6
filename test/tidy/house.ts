/** The house rules as tables: which layer may import which, and what of the outside world each may touch. */

export type Layer =
  | "model"
  | "plan"
  | "audit"
  | "google"
  | "journal"
  | "report"
  | "engine"
  | "cli"
  | "library"
  | "emulator"
  | "client"
  | "index";

/** Kinds of global that reach outside the program. */
export type Effect = "time" | "turn" | "chance" | "network" | "process" | "escape";

export interface LayerRule {
  /** Other layers it may import. */
  readonly layers: readonly Layer[];
  /** Packages, by name. */
  readonly packages: readonly string[];
  /** Node's own modules, without `node:`, beside the pure ones. */
  readonly modules: readonly string[];
  readonly effects: readonly Effect[];
  /** Members of `process` it may use, also by import, although it has not the whole of it. */
  readonly processMembers: readonly string[];
}

const nothing = { packages: [], modules: [], effects: [], processMembers: [] } as const;

/**
 * Imports point one way: model <- plan | audit | google | journal | report <- engine <- cli. Clock, chance and identifiers reach
 * every layer but the command line as arguments.
 */
export const layerRules: ReadonlyMap<Layer, LayerRule> = new Map<Layer, LayerRule>([
  ["model", { ...nothing, layers: [] }],
  ["plan", { ...nothing, layers: ["model"], packages: ["csv-parse", "yaml", "zod"] }],
  ["audit", { ...nothing, layers: ["model"] }],
  ["report", { ...nothing, layers: ["model"], packages: ["zod"] }],
  [
    "google",
    {
      ...nothing,
      layers: ["model"],
      packages: ["gaxios", "google-auth-library", "googleapis", "p-queue", "p-retry", "undici", "zod"],
      modules: ["dns", "dns/promises", "http", "https", "net", "tls"],
    },
  ],
  [
    "journal",
    {
      ...nothing,
      layers: ["model"],
      packages: ["better-sqlite3", "pg", "zod"],
      modules: ["fs", "fs/promises", "os", "worker_threads"],
      // The store is synchronous underneath: between pages it lets other work have its turn.
      effects: ["turn"],
      // Whose file it is, and whether the process that left a half-written one still lives.
      processMembers: ["geteuid", "getuid", "kill", "pid", "platform"],
    },
  ],
  [
    "engine",
    {
      ...nothing,
      layers: ["model", "plan", "audit", "google", "journal", "report"],
      packages: ["p-queue", "p-retry", "zod"],
    },
  ],
  ["emulator", { ...nothing, layers: ["model"], packages: ["@hono/node-server", "hono", "zod"] }],
  // The program inside the pages of the reports: it runs in a browser, and reaches nothing but its own page.
  ["client", { ...nothing, layers: ["model", "report"], packages: ["uplot"], effects: ["time"] }],
  ["index", { ...nothing, layers: ["model", "engine", "library"] }],
  // What the verbs are made of, without their streams, prompts and settings.
  [
    "library",
    { ...nothing, layers: ["model", "plan", "audit", "google", "journal", "report", "engine", "cli"], modules: [] },
  ],
  [
    "cli",
    {
      layers: ["model", "plan", "audit", "google", "journal", "report", "engine", "emulator"],
      packages: ["commander", "pino", "yaml", "zod"],
      modules: ["*"],
      effects: ["time", "turn", "chance", "network", "process", "escape"],
      processMembers: [],
    },
  ],
]);

/** Single files with rights beyond their layer's: where the emulator starts and listens. */
export const fileRules: ReadonlyMap<string, Pick<LayerRule, "modules" | "effects">> = new Map([
  [
    "src/emulator/start.ts",
    {
      modules: ["crypto:random", "fs", "fs/promises", "os"],
      effects: ["time", "chance", "process"] as const,
    },
  ],
  // The one page that talks, and only to the process it came from.
  ["src/report/page/client/live-link.ts", { modules: [], effects: ["network"] as const }],
  ["src/emulator/http.ts", { modules: ["http", "net"], effects: ["time"] as const }],
]);

/** Modules of Node that compute and touch nothing. */
export const pureModules: ReadonlySet<string> = new Set([
  "assert",
  "assert/strict",
  "buffer",
  "crypto",
  "events",
  "path",
  "path/posix",
  "querystring",
  "stream",
  "stream/promises",
  "string_decoder",
  "url",
  "util",
  "zlib",
]);

/** What `node:crypto` offers that draws chance; the rest of it computes. */
export const randomNames: ReadonlySet<string> = new Set([
  "*",
  "default",
  "generateKey",
  "generateKeyPair",
  "generateKeyPairSync",
  "generateKeySync",
  "getRandomValues",
  "pseudoRandomBytes",
  "randomBytes",
  "randomFill",
  "randomFillSync",
  "randomInt",
  "randomUUID",
  "randomUUIDv7",
  "subtle",
  "webcrypto",
]);

/** Globals by what they touch. `Date`, `Math` and `AbortSignal` are judged by how they are used. */
export const globalEffects: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ["clearImmediate", "turn"],
  ["clearInterval", "time"],
  ["clearTimeout", "time"],
  ["performance", "time"],
  ["setImmediate", "turn"],
  ["setInterval", "time"],
  ["setTimeout", "time"],
  ["Temporal", "time"],
  ["crypto", "chance"],
  ["BroadcastChannel", "network"],
  ["EventSource", "network"],
  ["fetch", "network"],
  ["WebSocket", "network"],
  ["XMLHttpRequest", "network"],
  ["console", "process"],
  ["process", "process"],
  ["eval", "escape"],
  ["Function", "escape"],
  ["global", "escape"],
  ["globalThis", "escape"],
  ["require", "escape"],
]);

/** What may stand at the top of the repository, beside dot-files and what git ignores. */
export const topNames: ReadonlySet<string> = new Set([
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "docker",
  "migrations-plans",
  "package-lock.json",
  "package.json",
  "src",
  "test",
  "tsconfig.build.json",
  "tsconfig.json",
  "vitest.config.ts",
]);

/** Made by tools, ignored by git. */
export const madeNames: RegExp = /^(?:node_modules|dist|coverage|handover-demo|.*\.handover(?:[-.].*)?)$/;

/** Names that say nothing about what a file decides or keeps. */
export const emptyNames: ReadonlySet<string> = new Set([
  "common",
  "constants",
  "data",
  "helper",
  "helpers",
  "info",
  "manager",
  "misc",
  "shared",
  "types",
  "util",
  "utils",
]);

export const linesMax = 400;
