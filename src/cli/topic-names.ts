/** What `handover help` explains beside the verbs. Apart from the texts, which load only when one is asked for. */
export const topicNames = ["settings", "auth", "plan-files", "limits", "exit-codes"] as const;

export type TopicName = (typeof topicNames)[number];

/** Topics that have a page for each name: `handover help hazard NAME`. The plural lists the names. */
export const pageKinds = ["hazard", "failure"] as const;

export type PageKind = (typeof pageKinds)[number];

/** The kind that a word of the command line means. */
export function pageKindOf(word: string | undefined): PageKind | undefined {
  return pageKinds.find((kind) => word === kind || word === `${kind}s`);
}
