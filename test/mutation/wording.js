/** Leaves the wording of messages alone: texts with a blank between words are for people, except what SQLite reads. */

const sql =
  /^\s*(?:ALTER|ANALYZE|ATTACH|BEGIN|COMMIT|CREATE|DELETE|DROP|INSERT|PRAGMA|ROLLBACK|SELECT|UPDATE|VACUUM|WITH)\b/;

function textOf(node) {
  if (node.type === "StringLiteral") return node.value;
  if (node.type === "TemplateLiteral") return node.quasis.map((part) => part.value.raw).join("");
  return undefined;
}

const wording = {
  shouldIgnore({ node }) {
    const text = textOf(node);
    if (text === undefined || sql.test(text) || !/\S\s+\S/.test(text)) return undefined;
    return "the wording of a message";
  },
};

export const strykerPlugins = [{ kind: "Ignore", name: "wording", value: wording }];
