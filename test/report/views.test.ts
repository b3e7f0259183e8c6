import { describe, expect, test } from "vitest";
import {
  ApiError,
  GuardError,
  PlanFileError,
  RunFileError,
  RunLockedError,
  UsageError,
} from "../../src/model/errors.ts";
import type { Disposition, FailureClass } from "../../src/model/errors.ts";
import { noCounts } from "../../src/model/run.ts";
import type { Counts } from "../../src/model/run.ts";
import { diagnosticsText, matchedNothingText, overLimitText, refusedText } from "../../src/report/diagnostics-text.ts";
import { errorText } from "../../src/report/error-text.ts";
import type { VerifyFindings } from "../../src/report/rows.ts";
import { statusText } from "../../src/report/status-text.ts";
import { plainStyle } from "../../src/report/style.ts";
import { verifyText } from "../../src/report/verify-text.ts";
import { createdAt, edit, facts, header, pair, place, screen } from "./sample.ts";

const run = "friday.handover";
const notAnAddress = { problem: '"anna@acme" is not an e-mail address', remedy: "write one such as anna@acme.example" };

describe("problems of plan files", () => {
  test("stand in file order, equal ones once with the places they recur", () => {
    const diagnostics = [
      { place: place(22, 5), problem: "role is not read by transfer", remedy: "leave the cell empty" },
      ...[9, 3, 2, 4, 5, 6, 7, 8, 1].map((line) => ({ place: place(line, 2), ...notAnAddress })),
      { place: place(7, 0, "people.csv"), problem: "two new owners for one old one", remedy: "leave one line" },
    ];
    expect(screen(diagnosticsText(diagnostics, 12, plainStyle))).toMatchInlineSnapshot(`
      "
      moves.csv:1:2   "anna@acme" is not an e-mail address
                      -> write one such as anna@acme.example
                      also at 2:2, 3:2, 4:2, 5:2, 6:2, 7:2 and 2 more
      moves.csv:22:5  role is not read by transfer
                      -> leave the cell empty
      people.csv:7    two new owners for one old one
                      -> leave one line

      23 problems in 2 plan files (12 of them not listed): no run was made. Correct
      them and plan again.
      "
    `);
  });

  test("in a file with a long name stand under it", () => {
    const long = place(1, 2, "2026-11-20 off-boarding of the whole EMEA team.csv");
    expect(diagnosticsText([{ place: long, ...notAnAddress }], 0, plainStyle)[0]).toBe(
      "2026-11-20 off-boarding of the whole EMEA team.csv:1:2",
    );
  });
});

describe("a plan that was not made", () => {
  test("because of refusals says how to plan without them", () => {
    expect(screen(refusedText(header(), "handover plan moves.csv -o friday.handover", plainStyle)))
      .toMatchInlineSnapshot(`
        "
        Refused   3
          x protected
              moves.csv:22 +1  REPORT "Board minutes" is protected by protect[0]
              moves.csv:40     REPORT "Board pack" is protected by protect[0]
              -> leave the asset out, or remove the rule on purpose
          x to-suspended
              moves.csv:57  suspended.sam@acme.example is suspended and cannot own
                            anything
              -> name another heir, or reactivate the user first
        More      handover help failure protected to-suspended

          = 1 request asks for what is so already
          ! 1 request matched no asset: moves.csv:61

        No run was made. Correct these requests and plan again, or plan without them:
        Next      handover plan moves.csv -o friday.handover --skip-refused
        "
      `);
  });

  test("because nothing is left without the refused requests offers no way that leads nowhere", () => {
    const lines = refusedText(header(), "handover plan moves.csv --skip-refused", plainStyle);
    expect(lines.at(-1)).toBe("No run was made: nothing is left without the refused requests.");
  });

  test("because of its limits says which, by how much, and how to lift each on purpose", () => {
    const breaches = [
      { limit: "changes", allowed: 100, found: 253 },
      { limit: "percentOfAssets", allowed: 5, found: 6.23 },
      { limit: "newExternal", allowed: 0, found: 2 },
      { limit: "newPublic", allowed: 0, found: 1 },
    ] as const;
    expect(screen(overLimitText(header(), breaches, plainStyle))).toMatchInlineSnapshot(`
      "
      Totals    1 transfer (37 assets) · 212 edits on 96 assets · 4 by hand
                3 refused · 2,760 already so · 3 duplicate rows merged
      Exposure  public links 31 -> 12 · external editors 18 -> 4
                whole-domain links 240 as before
      Limits    253 of 500 changes · 4.6 % of 5 % of the assets · 0 of 0 new external
                0 of 0 new public · stops at 20 failures
      Calls     97 writes and at most 40 reads: about 27 s at 5 calls a second; Google
                takes minutes over a transfer

        x 253 changes; changes allows 100
          -> raise it to 253 on purpose: changes under limits: in the plan file, or
             --max-changes where that is lower
        x 6.23 % of the assets read; percent_of_assets allows 5 %
          -> raise it to 7 on purpose: percent_of_assets under limits: in the plan
             file
        x 2 grants to people outside the tenant; new_external allows 0
          -> raise it to 2 on purpose: new_external under limits: in the plan file
        x 1 link newly open to anyone; new_public allows 0
          -> raise it to 1 on purpose: new_public under limits: in the plan file
      More      handover help failure changes percent_of_assets new_external

      No run was made: the plan is over its limits. Plan fewer rows, or lift the limit
      on purpose.
      "
    `);
  });

  test("because no request found an asset names the rows", () => {
    expect(screen(matchedNothingText(header(), plainStyle))).toMatchInlineSnapshot(`
      "
      Read      2,893 assets of 117/118 users
        = 1 request asks for what is so already
        ! 1 request matched no asset: moves.csv:61

      No run was made: no request found an asset. Check owners, titles and types, and
      plan again.
      "
    `);
  });
});

function api(failure: FailureClass, disposition: Disposition, retryAfterMs?: number): ApiError {
  return new ApiError("what Google said", { disposition, failure, retryAfterMs });
}

describe("an error", () => {
  test.each([
    [new UsageError("no such verb", "see handover --help"), "Failed    no such verb", "see handover --help"],
    [new GuardError("max-age", "too old", "plan again"), "Stopped   too old (max-age)", "plan again"],
    [new RunFileError("newer", "made by 9.0", "update"), "Failed    made by 9.0 (newer)", "update"],
    [new RunLockedError("x"), "Failed    another process is carrying out x", "wait for it to end"],
    [
      api("service-disabled", "halt-run"),
      "Failed    what Google said (service-disabled)",
      "enable the Data Studio API",
    ],
    [api("unauthorized-client", "halt-run"), "(unauthorized-client)", "Domain-wide delegation"],
    [api("token-refused", "halt-run"), "(token-refused)", "check the key and its rights"],
    [api("server-error", "retry"), "(server-error)", "check network, proxy and --endpoint"],
    [api("throttled", "throttle", 120_000), "(throttled)", "Google asks to wait 2 min"],
    [api("stale-etag", "conflict"), "(stale-etag)", "somebody else is editing"],
    [api("server-error", "ambiguous"), "(server-error)", "it reads first what has happened"],
    [api("rejected", "refuse"), "(rejected)", "change the request"],
    [api("token-refused", "halt-actor"), "(token-refused)", "look the user up"],
    [Object.assign(new Error("no space"), { code: "ENOSPC" }), "no space (ENOSPC)", "free some space"],
    [Object.assign(new Error("odd"), { code: "EODD" }), "odd (EODD)", "remove the cause"],
    [new TypeError("x is not a function"), "x is not a function (TypeError)", "this is a fault of handover"],
    ["thrown text", "Failed    thrown text", "this is a fault of handover"],
    [
      new Error("Could not locate the bindings file. Tried:\n -> /lib/better-sqlite3/build/better_sqlite3.node"),
      "better-sqlite3 has no binary that this Node can load",
      "or use Node 22 or newer",
    ],
    [
      Object.assign(
        new Error("The module '/lib/better_sqlite3.node'\nwas compiled against a different Node.js version"),
        {
          code: "ERR_DLOPEN_FAILED",
        },
      ),
      "better-sqlite3 has no binary that this Node can load",
      "npm install --global --allow-scripts=better-sqlite3",
    ],
    [new Error(""), "something went wrong that gave no reason", "this is a fault of handover"],
  ])("%s says what failed and what to do", (error, failed, remedy) => {
    const lines = errorText(error, { ...plainStyle, width: 200 }, "handover status x");
    expect(lines[0]).toContain(failed);
    expect(lines[1]).toMatch(/^Remedy {4}/);
    expect(lines[1]).toContain(remedy);
    expect(lines.at(-1)).toBe("Next      handover status x");
  });

  test("of a call names the method and the user acted as", () => {
    const call = { route: "assets.search", actor: "anna@acme.example" };
    const verdict = { disposition: "refuse", failure: "permission-denied", status: 403 } as const;
    const line = (route: string): string | undefined =>
      errorText(new ApiError("403: no", { ...verdict, call: { ...call, route } }), plainStyle)[0];
    expect(line("assets.search")).toBe("Failed    assets.search as anna@acme.example: 403: no (permission-denied)");
    expect(line("token")).toContain("access token as anna@acme.example: 403: no");
  });

  test("says its class once", () => {
    const error = new ApiError("502: the answer gives no reason (server-error)", {
      disposition: "retry",
      failure: "server-error",
    });
    expect(errorText(error, plainStyle)[0]).toBe("Failed    502: the answer gives no reason (server-error)");
  });

  test("of plan files lists every problem", () => {
    const lines = errorText(new PlanFileError([{ place: place(3, 1), ...notAnAddress }]), plainStyle);
    expect(lines[0]).toBe('moves.csv:3:1  "anna@acme" is not an e-mail address');
  });
});

describe("the status of a run", () => {
  test("is shown with progress, outcomes, failures and the last verification", () => {
    const verification = { at: createdAt, verified: 90, drifted: 2, unreadable: 1 };
    expect(screen(statusText(facts({ verification }), run, false, plainStyle))).toMatchInlineSnapshot(`
      "
      Run       friday.handover · tenant acme.example · made 2026-11-20 09:14 UTC
      State     finished: every step has ended
      Progress  ██████████████████████████████  100 %, 101 of 101 steps
      Steps     93 applied · 1 confirmed · 1 unchanged · 4 by hand · 2 failed
      Failures
        x 2  permission-denied  The caller does not have permission (first #3)
      More      handover help failure permission-denied
      Verified  90 steps as the run left them, 2 drifted, 1 unreadable, 2026-11-20
                09:14 UTC
      Next      handover report friday.handover
      "
    `);
  });

  const wide = { ...plainStyle, width: 120 };
  const apply = "handover apply friday.handover --allow whole-user-transfer --allow moves-unnamed-assets";
  const counts = (some: Partial<Counts>): Counts => ({ ...noCounts, ...some });
  test.each([
    [counts({}), false, "nothing to apply", "nothing: everything is as the plan asks"],
    [counts({ planned: 5 }), false, "not begun", apply],
    [counts({ planned: 5, applied: 1 }), false, "begun, and not under way", apply],
    [counts({ "in-flight": 5 }), false, "begun, and not under way", apply],
    [counts({ planned: 5 }), true, "under way", "handover watch friday.handover"],
    [counts({ applied: 5, failed: 1 }), false, "finished", "handover verify friday.handover"],
  ])("%j, held %j: %s", (some, held, state, next) => {
    const lines = statusText(facts({ counts: some, failures: [] }), run, held, wide);
    expect(lines[1]).toContain(state);
    expect(lines.at(-1)).toBe(`Next      ${next}`);
  });

  test("never rounds up to the end", () => {
    const lines = statusText(facts({ counts: counts({ planned: 1, applied: 9999 }) }), run, false, plainStyle);
    expect(lines.join("\n")).toContain("99 %, 9,999 of 10,000 steps");
  });
});

const clean: VerifyFindings = {
  checked: 96,
  verified: 96,
  drifts: [],
  drifted: 0,
  unreadable: [],
  unreadableCount: 0,
  byHandDone: 0,
  byHandOpen: 0,
  notApplied: 0,
  stopped: false,
};

describe("a verification", () => {
  test("shows drift pair by pair, then what could not be read, then the sums", () => {
    const missing = { add: [pair("EDITOR", "user:ana@acme.example")], remove: [pair("LINK_VIEWER", "allUsers")] };
    const findings: VerifyFindings = {
      ...clean,
      verified: 92,
      drifts: [
        { seq: 2, asset: edit().asset, missing, problem: "changed after the run by somebody else" },
        {
          seq: 1,
          asset: undefined,
          missing: { add: [], remove: [] },
          problem: "leaver@acme.example still owns 2 assets",
        },
      ],
      drifted: 3,
      unreadable: [{ seq: 9, reason: "404 NOT_FOUND: gone" }],
      unreadableCount: 1,
      byHandDone: 1,
      byHandOpen: 3,
      notApplied: 2,
    };
    expect(screen(verifyText(findings, header(), run, plainStyle))).toMatchInlineSnapshot(`
      "
      Drift     3 steps not as the run left them
        ! REPORT "EMEA pipeline"  b1c4a7d2…                                         #2
            changed after the run by somebody else
            + EDITOR       user:ana@acme.example  should be there
            - LINK_VIEWER  allUsers               should be gone (public link)
        ! transfer                                                                  #1
            leaver@acme.example still owns 2 assets
        and 1 more

      Unread    1 step could not be read back
        ! #9  404 NOT_FOUND: gone

      Verified  92 of 96 steps as the run left them · 3 drifted · 1 unreadable
                2 not carried out
      By hand   1 of 4 done; see handover report friday.handover --handover-sheet
      Next      plan again from the same file to see what it takes to put this right
      "
    `);
  });

  test("without findings is one calm line and what comes next", () => {
    expect(verifyText(clean, header(), run, plainStyle)).toEqual([
      "Verified  96 of 96 steps as the run left them",
      "Next      handover report friday.handover",
    ]);
  });

  test.each([
    [{ stopped: true }, "handover verify friday.handover"],
    [{ drifted: 1 }, "plan again from the same file to see what it takes to put this right"],
    [{ unreadableCount: 1 }, "handover verify friday.handover"],
    [{ notApplied: 1 }, "handover status friday.handover"],
  ])("with %j goes on with: %s", (some, next) => {
    expect(verifyText({ ...clean, ...some }, header(), run, plainStyle).at(-1)).toBe(`Next      ${next}`);
  });
});
