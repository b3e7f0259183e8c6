/** The pages of `handover help hazard NAME`: what a step may break, and how to decide about it. */
import type { HazardName } from "../../../model/step.ts";
import type { Page } from "./page.ts";

const notBegun = "Nothing was sent: a run that holds this is not begun before it is allowed by name (exit 6).";
const saidOnly = "Said and counted. It needs no permission, because nothing is taken from anybody by it.";

export const hazardPages: Readonly<Record<HazardName, Page>> = {
  "whole-user-transfer": {
    title: "Everything a user owns goes to one heir, for good",
    what: "The run starts a Data Transfer job at Google. It moves every report and data source of the old owner to the new one, also those that were made after the plan.",
    why: "Google's API refuses to change the owner of a single asset. This job is the only way by program, and it knows whole users only: it takes no list and no filter.",
    data: "Nobody loses access by the move. Afterwards the assets of both are mixed under the new owner. handover undo cannot take it back: a job the other way would also move what the heir owned before.",
    done: notBegun,
    now: [
      "See what goes along, and whether the plan file names it:",
      "handover show RUN --all",
      "If that is what you want:",
      "handover apply RUN --allow whole-user-transfer",
      "To hand over some assets only, name them in the plan file by asset or title: then the heir gets edit access, and the owner a line on the hand-over sheet.",
    ],
    sure: "Documented by Google: one job for each user, no parameters, all files. Not documented: how long it takes, what becomes of the trash, which role the old owner keeps. The run waits for the job, searches what is left, and sets what the row says the old owner keeps.",
  },
  "moves-unnamed-assets": {
    title: "A transfer takes assets along that no row names",
    what: "Your rows name every live asset of a user, one heir, and so became a whole-user transfer. That moves all the user has, also these: assets in the trash that no row names.",
    why: "A Data Transfer job takes no list. Whatever the user owns when it runs, goes.",
    data: "The assets change their owner to the heir. Who else may use them stays as it is.",
    done: notBegun,
    now: [
      "See how many go along. If that is fine, allow this beside whole-user-transfer:",
      "handover show RUN",
      "handover apply RUN --allow moves-unnamed-assets",
      "Else have what must stay handed to somebody else first, in a run of its own, or leave one live asset out of the rows: then nothing moves as a whole.",
    ],
    sure: "Whether Google's job moves what is in the trash is not documented. Handover takes it that it may.",
  },
  "moves-unseen-assets": {
    title: "A transfer may move more assets than were seen",
    what: "The old owner cannot be searched as, so that the plan counts only the assets that other users see. The transfer moves the rest as well.",
    why: "There is no list of all assets of a user: Google shows each user what that user may open, and gives no access as somebody who is suspended or deleted.",
    data: "Assets that nobody but the old owner could open also go to the heir. None is lost by that; unmoved, they would go with the account.",
    done: saidOnly,
    now: [
      "Mostly this is what you want when somebody has left. To see everything first, restore the account for an hour, and plan again:",
      "handover plan FILE -o RUN --replace",
    ],
    sure: "That the API shows only what the user acted as may open is documented. That a suspended user cannot be acted as is seen, not documented.",
  },
  "owner-change-attempt": {
    title: "The new owner is also written directly (experimental)",
    what: "The plan file says owner_change: attempt. The step writes the new owner into the asset's permissions, and falls back to edit access and the hand-over sheet if Google refuses.",
    why: "Google documents that the owner cannot be changed so, yet its own example sends one. A tenant may be different.",
    data: "If it works, the asset has a new owner, and handover undo can write the old one back. If it does not, nothing of the attempt is left, and the heir has edit access.",
    done: notBegun,
    now: [
      "Try it on one asset first, and look at what came of it:",
      "handover apply RUN --allow owner-change-attempt --canary 1,100%",
      "handover verify RUN",
      "To leave it, take owner_change: attempt out of the plan file.",
    ],
    sure: "Documented: refused, with the words Owner is not allowed to be modified. Seen so by the author of another tool. No report of its working is known.",
  },
  "new-external": {
    title: "Somebody outside the tenant is let in anew",
    what: "A step gives a role to an address outside your domains that had none on the asset before.",
    why: "A row grants it, replaces an inside member by an outside one, or an undo gives back what a run had taken away.",
    data: "The person can open the asset from then on, and with EDITOR may change it and share it on. A data source whose credentials are its owner's also shows them the data behind it.",
    done: notBegun,
    now: [
      "See who and where; such pairs are marked external:",
      "handover show RUN --all",
      "If that is meant:",
      "handover apply RUN --allow new-external",
      "To rule it out for good, write new_external: 0 under limits: in handover.yaml.",
    ],
    sure: "Which domains are yours comes from the Directory, aliases included. Whether an outside group or person exists cannot be checked from here.",
  },
  "new-public": {
    title: "A link is opened to anyone who has it",
    what: "A step gives allUsers a link role on an asset that was not open so before.",
    why: "A set-link row asks for it, or an undo gives back what a run had closed.",
    data: "Whoever gets the address can open the asset without signing in, and with LINK_EDITOR change it. Copies made meanwhile cannot be called back.",
    done: notBegun,
    now: [
      "See which assets; such pairs are marked public link:",
      "handover show RUN --all",
      "If that is meant:",
      "handover apply RUN --allow new-public",
      "To rule it out for good, write new_public: 0 under limits: in handover.yaml.",
    ],
    sure: "Link roles and allUsers are documented. An administrator can forbid link sharing for the organisation; then Google refuses the step.",
  },
  "removes-last-editor": {
    title: "Nobody but the owner can edit the asset any more",
    what: "A step takes EDITOR from the last member who had it beside the owner.",
    why: "Rows that revoke, replace or set a role add up to this on the asset.",
    data: "The asset keeps working for its viewers. Should its owner leave, nobody can edit or share it; then only a whole-user transfer helps.",
    done: saidOnly,
    now: [
      "See which assets:",
      "handover show RUN --all",
      "Where that is not meant, add a row that grants EDITOR to somebody who stays, and plan again.",
    ],
    sure: "Members of a group count as one editor, as they stand in the permissions: whether the group has anybody in it is not looked at.",
  },
  "keeps-credentials": {
    title: "A data source goes on with the old owner's credentials",
    what: "A data source gets a new owner, or a new editor as the heir, and still reads its data as the person whose credentials it holds.",
    why: "Google moves the asset, not the credentials, and has no API for them. Only the new owner can put in others, in the web UI.",
    data: "Reports work until that person's account is suspended or deleted; then every report on the data source shows an error. Nothing is lost, and reconnecting mends it.",
    done: "Listed each such data source on the hand-over sheet, with its link.",
    now: [
      "Have the new owner open each, choose Edit connection and reconnect, before the account is suspended:",
      "handover report RUN --handover-sheet",
    ],
    sure: "Documented for hand-overs in the web UI. For Data Transfer jobs it is taken to be the same. Which credentials a data source holds cannot be read: it is said of all.",
  },
  "leaves-data-sources": {
    title: "A report is handed over without its data sources",
    what: "A row gives a report to an heir. The data sources it shows belong to somebody else, or still to the old owner.",
    why: "A reusable data source is an asset of its own, with its own owner. Google does not say through the API which report reads which.",
    data: "The heir can edit the report, and sees data as before. Whoever owns a data source can still change or delete it.",
    done: saidOnly,
    now: [
      "Find what the old owner has, and name the data sources in the plan file as well (type data_source):",
      "handover inventory -o october",
      "handover audit october --format html -o october.html",
    ],
    sure: "Documented: the data sources of a report do not move with it. That one embedded in a report goes along with the report is assumed.",
  },
  "leaves-trash": {
    title: "The old owner has assets in the trash",
    what: "A whole-user transfer is planned for somebody who also owns trashed assets.",
    why: "Google does not say whether the job moves them.",
    data: "If it does not, they are deleted with the account, or with the trash.",
    done: "Counted them when planning. What the job makes of them is not verified.",
    now: [
      "If any of them matters, have it restored in the web UI before the transfer, and plan again:",
      "handover plan FILE -o RUN --replace",
      "To see them, take an inventory; it lists trashed assets too:",
      "handover inventory -o october",
    ],
    sure: "Not documented for Data Studio. For Drive, Google says that the trash does not move.",
  },
};
