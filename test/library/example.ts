/** A hand-over from a program: `src/README.md` shows this file, a test runs it. `google` and `key` are an emulator's here. */
import { connectTenant, reportRun } from "handover";

const [google = "", keyFile = ""] = process.argv.slice(2);

const tenant = connectTenant({ identity: { keyFile }, admin: "admin@acme.example", endpoint: google });

const moves = { name: "moves.csv", text: "from,to\nleaver@acme.example,heir@acme.example\n" };
const planned = await tenant.plan([moves], "friday.handover");
if (planned.kind !== "made") throw new Error(`no run was made: ${planned.kind}`);
console.log(`${planned.header.totals.steps} steps, ${planned.header.hazards.map(({ name }) => name).join(", ")}`);

const summary = await tenant.apply("friday.handover", {
  allow: ["whole-user-transfer"],
  onEvent: (event) => {
    if (event.type === "transfer") console.log(`the transfer is ${event.status}`);
  },
});
const { applied, unchanged, failed } = summary.counts;
console.log(`${summary.end}: ${applied} applied, ${unchanged} so already, ${failed} failed`);

const verified = await tenant.verify("friday.handover");
console.log(`${verified.verified} of ${verified.checked} are as the run left them`);

for await (const line of reportRun("friday.handover", "markdown")) console.log(line);
