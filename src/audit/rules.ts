/** The rules of the audit, from worst to least. */
import type { Rule } from "./rule.ts";
import { consumerAccount } from "./rules/consumer-account.ts";
import { deletedPrincipal } from "./rules/deleted-principal.ts";
import { domainLinkEdit } from "./rules/domain-link-edit.ts";
import { domainLinkView } from "./rules/domain-link-view.ts";
import { externalEditor } from "./rules/external-editor.ts";
import { externalViewer } from "./rules/external-viewer.ts";
import { manyEditors } from "./rules/many-editors.ts";
import { noSecondEditor } from "./rules/no-second-editor.ts";
import { ownerDeleted } from "./rules/owner-deleted.ts";
import { ownerOutside } from "./rules/owner-outside.ts";
import { ownerSuspended } from "./rules/owner-suspended.ts";
import { permissionsUnreadable } from "./rules/permissions-unreadable.ts";
import { personAndGroup } from "./rules/person-and-group.ts";
import { publicLinkEdit } from "./rules/public-link-edit.ts";
import { publicLinkView } from "./rules/public-link-view.ts";
import { serviceAccountEditor } from "./rules/service-account-editor.ts";
import { stale } from "./rules/stale.ts";
import { trashedShared } from "./rules/trashed-shared.ts";

export const auditRules: readonly Rule[] = [
  publicLinkEdit,
  ownerDeleted,
  publicLinkView,
  externalEditor,
  ownerSuspended,
  ownerOutside,
  externalViewer,
  consumerAccount,
  domainLinkEdit,
  noSecondEditor,
  deletedPrincipal,
  manyEditors,
  personAndGroup,
  domainLinkView,
  trashedShared,
  stale,
  serviceAccountEditor,
  permissionsUnreadable,
];
