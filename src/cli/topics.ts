/** The pages of `handover help TOPIC`. */
import { authTopic } from "./topics/auth.ts";
import { exitCodesTopic } from "./topics/exit-codes.ts";
import { limitsTopic } from "./topics/limits.ts";
import { planFilesTopic } from "./topics/plan-files.ts";
import { settingsTopic } from "./topics/settings.ts";
import type { TopicName } from "./topic-names.ts";

const topics: Readonly<Record<TopicName, readonly string[]>> = {
  settings: settingsTopic,
  auth: authTopic,
  "plan-files": planFilesTopic,
  limits: limitsTopic,
  "exit-codes": exitCodesTopic,
};

export function topicText(name: TopicName): readonly string[] {
  return topics[name];
}
