/** `handover help auth`: how Handover proves to Google who asks. */
export const authTopic: readonly string[] = [
  "Handover acts as the users of one tenant. For that a service account needs domain-wide delegation:",
  "",
  "  1. Google Cloud console: a project of its own with the Data Studio API and the Admin SDK API",
  "     enabled, and a service account with a JSON key. chmod 600 the key file.",
  "  2. Admin console > Security > API controls > Domain-wide delegation: authorise the client id of",
  "     the service account (client_id in the key file) for the scopes of the README.",
  "  3. --key FILE and --admin EMAIL, or key: and admin: in handover.yaml (handover help settings).",
  "",
  "admin is the administrator as whom Directory and Data Transfer are called.",
  "Tokens are held in memory only; the key is never copied, shown or logged.",
];
