/** Nobody who was asked may read the asset's permissions: a hole in the coverage, where any other finding may hide. */
import type { Rule } from "../rule.ts";

export const permissionsUnreadable: Rule = {
  id: "permissions-unreadable",
  severity: "info",
  title: "Permissions could not be read",
  rationale: "Everything the other rules look for may hide here: the audit says nothing about who has access.",
  remedy: "Give a user who can be acted as the role EDITOR, then take the inventory again.",
  trashed: "also",
  check: ({ record }) =>
    record.permissions === undefined ? [{ text: `permissions unread: ${record.unreadable ?? "not asked for"}` }] : [],
};
