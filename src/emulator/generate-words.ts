/** The words that generated tenants are made of: names, titles as people write them, and titles that break careless programs. */
import type { Random } from "../model/clock.ts";
import { pickIndex } from "./random.ts";

export const givenNames: readonly string[] =
  "Ada Amir Aiko Bea Carl Chen Dana Dev Elif Emil Fatima Finn Gita Hugo Ines Ivan Jana Jonas Kaya Kofi Lena Liam Mara Mateo Nadia Nils Olga Omar Petra Priya Quinn Rosa Ravi Sara Sven Tara Theo Uma Vera Wei Xenia Yara Yusuf Zoe".split(
    " ",
  );

export const familyNames: readonly string[] =
  "Abe Adeyemi Bauer Berg Costa Cruz Diaz Dubois Eriksen Evans Fischer Fujita Garcia Gupta Haas Haddad Ito Ivanova Jansen Jones Kaya Kim Larsen Li Lopez Meyer Moreau Nagy Novak Okafor Olsen Patel Popov Qureshi Ricci Rossi Sato Silva Tan Torres Ueda Varga Weber Wong Yilmaz Zhou".split(
    " ",
  );

export const orgUnits: readonly string[] = ["/", "/Sales", "/Sales/EMEA", "/Finance", "/Marketing", "/Engineering"];

const prefixes = [
  "Q1",
  "Q2",
  "Q3",
  "Q4",
  "FY26",
  "Weekly",
  "Monthly",
  "Daily",
  "APAC",
  "LATAM",
  "DACH",
  "Global",
  "Copy of",
];
const subjects =
  "Revenue Pipeline Churn Retention Funnel Spend Forecast Headcount Inventory Margin Traffic Campaign Support Onboarding Billing Logistics".split(
    " ",
  );
const kinds = ["Overview", "Dashboard", "Report", "Scorecard", "Deep Dive", "by Region", "by Channel", "vs Target"];
const sources = ["BigQuery", "Sheets", "GA4", "Ads", "CRM export", "Warehouse", "Postgres", "Search Console"];

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[pickIndex(random, items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

/** A title such as people write; titles repeat, as they do in real tenants. */
export function plainTitle(random: Random, type: string): string {
  if (type === "DATA_SOURCE") return `${pick(random, subjects)} - ${pick(random, sources)}`;
  return `${pick(random, prefixes)} ${pick(random, subjects)} ${pick(random, kinds)}`;
}

/** Titles that break careless programs; every generated tenant holds each of them at least once. */
export const nastyTitles: readonly string[] = [
  "Line one\r\nLine two",
  "He said \"quarterly\", she said 'monthly'",
  '=HYPERLINK("https://attacker.example","click")',
  "+1 more",
  "@mention; DROP TABLE assets; --",
  "<script>alert(1)</script> & <b>bold</b>",
  "invoice\u202Egpj.exe",
  "zero\u200Bwidth and \uFEFFBOM",
  "\u001b[31mred\u001b[0m terminal",
  "Umsatz größer, 売上, إيرادات, 💶📈👩‍👩‍👧‍👦",
  "tab\tseparated\ttitle",
  ",,,;;;|||",
  "very long title ".repeat(20).slice(0, 300),
  "../../etc/passwd?x=1#y",
  " ",
];
