/** Figures in the text format of Prometheus (version 0.0.4). */

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** For the parts of a histogram: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

/** All samples of one name. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: readonly Sample[];
}

export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

export function metricsText(families: readonly Family[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(
        ({ labels = {}, value, suffix = "" }) => `${name}${suffix}${labelsText(labels)} ${figure(value)}\n`,
      );
      return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
    })
    .join("");
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function figure(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

/** How often something took up to so long, with the sum: what a histogram is made of. */
export class Distribution {
  readonly #ends: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** `ends`: the upper ends of the buckets, growing. */
  constructor(ends: readonly number[]) {
    this.#ends = ends;
    this.#counts = Array.from<number>({ length: ends.length + 1 }).fill(0);
  }

  add(value: number): void {
    const place = this.#ends.findIndex((end) => value <= end);
    const slot = place === -1 ? this.#ends.length : place;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    this.#sum += value;
  }

  samples(labels: Readonly<Record<string, string>> = {}): readonly Sample[] {
    let count = 0;
    const buckets = this.#counts.map((each, slot) => {
      count += each;
      const le = figure(this.#ends[slot] ?? Infinity);
      return { suffix: "_bucket", labels: { ...labels, le }, value: count };
    });
    return [...buckets, { suffix: "_sum", labels, value: this.#sum }, { suffix: "_count", labels, value: count }];
  }
}
