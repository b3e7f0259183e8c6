/** What `npm run bench -- --help` says: how to call it, and what each figure is a figure of. */

/** By benchmark: what is measured beside what. */
export const meanings: Readonly<Record<string, string>> = {
  apply: `steps a second through the whole path of handover apply (claimed, intent durable, PATCH with its etag,
answer checked, outcome and audit row durable, shown) over a bare undici loop that sends the same
requests to the same instant server; and the CPU of both for one step`,
  latency: `100 changes on a server 200 ms away, from the start of the process to its end: over the 24 s that GAM7's
one command took for as many there, and over our own loop of one call after the other`,
  quota: `apply's own pool and pacer against a server that counts like Google (fixed or sliding minute, bucket): the
share of the permitted calls that is used, and the share that is refused, with the quota given,
found out, or changing; on a clock moved by hand, so that an hour takes seconds`,
  plan: `rows of CSV to a sealed run over csv-parse alone reading the same file: each row a grant on an asset of
its own, facts from a snapshot, so that nobody is asked. Then the same with every asset's permissions
read from the instant server, over csv-parse and a bare undici loop that makes the same reads`,
  yaml: `moves of YAML to a sealed run, facts from a snapshot, over yaml alone parsing the same file`,
  resume: `a run of which one step, half or all but one are done: finding the first open step; from the start of the
process to the first change that leaves it; and the CPU until then`,
  memory: `peak memory of each verb at many steps over few`,
  calls: `requests for each changed asset, by kind of step and by what befalls it, and how many of them had no reason`,
  startup: `handover --version and handover status RUN over node -e 0`,
  growth: `the slope of apply's cost over the size of the run, on logarithmic scales: 1 is a steady cost of a step`,
  report: `the page of a run of 50,000 assets: its size, and how long a browser takes to make it usable`,
  fleet: `steps a second by one, two and four worker processes on one PostgreSQL, and the share of a quota of 600 writes a
minute that four of them use between them, and how much of it is refused`,
};

export function helpText(): string {
  const told = Object.entries(meanings).map(
    ([name, meaning]) => `  ${name}\n    ${meaning.replaceAll("\n", "\n    ")}`,
  );
  return `npm run bench -- [options]     each goal of speed as a ratio within one run; last, one line of JSON

Options
  --only NAME[,NAME]   some of them; may be repeated
  --scale small|full   small: some minutes, to see that all of it works and what is exact is right.
                       full (default): the sizes the goals are meant for, 2 to 3 h on a quiet machine of two cores
  --most N             no run larger than N (1000 and up), where the time for a million is lacking
  --json               nothing but the last line
  --table              nothing but a table in Markdown, as it stands in README
  --from FILE          show the last line of an earlier call again instead of measuring: --table --from bench.json;
                       given again, those of several calls together
  --strict             end with 1 when a goal of speed is missed

Ends with 1 when something exact is wrong (requests, refusals under a known quota), with 2 when a benchmark could not
be carried out, with 3 when it is called wrongly. Only ratios travel from one machine to another: on a busy one take
those of CPU.

${told.join("\n")}
`;
}
