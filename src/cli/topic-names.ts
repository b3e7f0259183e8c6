/** What `handover help` explains beside the verbs. Apart from the texts, which load only when one is asked for. */
export const topicNames = ["settings", "auth", "plan-files", "limits", "exit-codes"] as const;

export type TopicName = (typeof topicNames)[number];
