import { describe, expect, it } from "vitest";
import { amountText, parseAmount, permitted } from "../../src/model/guard.ts";

describe("an amount", () => {
  it.each([
    ["20", 1000, 20, "20"],
    ["0", 1000, 0, "0"],
    ["5%", 1000, 50, "5 %"],
    ["5 %", 19, 0, "5 %"],
    ["0.7%", 1000, 7, "0.7 %"],
    ["100%", 3, 3, "100 %"],
  ])("of %s permits, of %d, %d", (text, whole, expected, shown) => {
    const amount = parseAmount(text);
    if (amount === undefined) throw new Error("not read");
    expect(permitted(amount, whole)).toBe(expected);
    expect(amountText(amount)).toBe(shown);
  });

  it.each(["", "-1", "1.5", "101%", "five", "5%%", "1e3", "%"])("is not read from %j", (text) => {
    expect(parseAmount(text)).toBeUndefined();
  });
});
