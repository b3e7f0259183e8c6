/** `handover help limits`: what keeps a run from being made or carried out, and how that is lifted on purpose. */
export const limitsTopic: readonly string[] = [
  "Limits are set in plan files, under limits:. Above one of them no run is made (exit 6):",
  "",
  "  changes            members added and removed, and owners changed",
  "  percent_of_assets  assets touched, of those that were read",
  "  new_external       new access for people outside the tenant",
  "  new_public         new links open to everybody",
  "  failures           failed steps after which apply stops",
  "",
  "Options of apply:",
  "",
  "  --max-changes N    do not begin a run that changes more",
  "  --max-age TIME     do not begin a run planned longer ago (default 24h)",
  "  --max-failures N   stop after so many failed steps",
  "  --max-duration T   take no new step after this long (exit 10); the same command goes on",
  "  --allow HAZARD     allow by name what cannot be undone, or exposes something",
];
