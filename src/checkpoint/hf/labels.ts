// The fields of config.json that name the classes.

import type { JsonFields } from "./json_fields.ts";

/** ImageNet-22K has 21,841. */
const labelsAllowed = 1_000_000;

/** id2label by number, or so many as num_labels says: transformers has two where both are absent. */
export function readLabels(fields: JsonFields): string[] {
  const named = fields.get("id2label");
  if (named === undefined) {
    const length = fields.number("num_labels", 2);
    if (!Number.isInteger(length) || length < 0 || length > labelsAllowed) {
      fields.fail("num_labels", `a whole number up to ${labelsAllowed}`);
    }
    return Array.from({ length }, (_, i) => `LABEL_${i}`);
  }
  const entries = typeof named === "object" && !Array.isArray(named) ? Object.entries(named as object) : [];
  const labels = entries.map((_, i) => (named as Record<string, unknown>)[i]);
  const texts = labels.filter((label): label is string => typeof label === "string");
  return texts.length && texts.length === entries.length ? texts : fields.fail("id2label", `an object of texts by "0", "1", ...`);
}
