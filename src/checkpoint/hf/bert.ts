// Hugging Face's config.json of a BERT, both ways. Where a file is silent the defaults of transformers hold.

import { CheckpointError } from "../../errors.ts";
import { type BertConfig, bertConfig } from "../../models/bert_config.ts";
import { JsonFields } from "./json_fields.ts";
import { readLabels } from "./labels.ts";

/** A BERT as a Hugging Face folder describes it. */
export interface HfBert {
  config: BertConfig;
  /** Names of the classes, in their order; none of a model without classes. */
  labels: string[];
}

const architectures = {
  BertForMaskedLM: "masked",
  BertForPreTraining: "masked",
  BertForSequenceClassification: "classification",
  BertModel: "encoder",
} as const;

/**
 * The model that a config.json (its text, or parsed) describes. Throws CheckpointError for another model type, architecture or activation, by
 * name; RecipeError for sizes that do not fit together.
 */
export function readBertConfig(json: unknown, file = "config.json"): HfBert {
  const fields = new JsonFields(json, file);
  const expected = { model_type: "bert", hidden_act: "gelu", position_embedding_type: "absolute" };
  for (const [name, value] of Object.entries(expected)) {
    const found = fields.text(name, name === "model_type" ? undefined : value);
    if (found !== value) {
      throw new CheckpointError(
        `${file}: ${name} is ${JSON.stringify(found)}, this reads ${JSON.stringify(value)}; give a BERT as published`,
      );
    }
  }
  const [architecture = "BertModel"] = fields.texts("architectures", []);
  if (!Object.hasOwn(architectures, architecture)) fields.fail("architectures", `one of ${Object.keys(architectures).join(", ")}`);
  const task = architectures[architecture as keyof typeof architectures];
  const labels = task === "classification" ? readLabels(fields) : [];
  const config = bertConfig({
    vocab: fields.number("vocab_size", 30522),
    dim: fields.number("hidden_size", 768),
    depth: fields.number("num_hidden_layers", 12),
    heads: fields.number("num_attention_heads", 12),
    hidden: fields.number("intermediate_size", 3072),
    positions: fields.number("max_position_embeddings", 512),
    segments: fields.number("type_vocab_size", 2),
    dropout: fields.number("hidden_dropout_prob", 0.1),
    initial: fields.number("initializer_range", 0.02),
    normEps: fields.number("layer_norm_eps", 1e-12),
    masked: task === "masked",
    ...(labels.length ? { classes: labels.length } : {}),
  }, file);
  return { config, labels };
}

/**
 * A config.json for the model; the head of the span boundary objective has no word in it. Throws CheckpointError for a model that transformers
 * has no class for.
 */
export function hfBertConfig({ config, labels = [] }: { config: BertConfig; labels?: string[] }): Record<string, unknown> {
  const { classes = 0, masked } = config;
  if (classes && masked) {
    throw new CheckpointError(
      `config.json: the model predicts masked tokens and ${classes} classes, a Hugging Face model has one head; leave one out`,
    );
  }
  if (classes && config.pooling !== "class-token") {
    throw new CheckpointError(
      `config.json: the model classifies by the ${config.pooling} of tokens, a Hugging Face BERT by the class token; save it without classes`,
    );
  }
  if (labels.length && labels.length !== classes) {
    throw new CheckpointError(`config.json: ${labels.length} labels for ${classes} classes; give one label a class`);
  }
  const names = Array.from({ length: classes }, (_, i) => labels[i] ?? `LABEL_${i}`);
  return {
    architectures: [masked ? "BertForMaskedLM" : classes ? "BertForSequenceClassification" : "BertModel"],
    attention_probs_dropout_prob: 0,
    hidden_act: "gelu",
    hidden_dropout_prob: config.dropout,
    hidden_size: config.dim,
    ...(classes ? { id2label: { ...names }, label2id: Object.fromEntries(names.map((name, i) => [name, i])) } : {}),
    initializer_range: config.initial,
    intermediate_size: config.hidden ?? 4 * config.dim,
    layer_norm_eps: config.normEps,
    max_position_embeddings: config.positions,
    model_type: "bert",
    num_attention_heads: config.heads,
    num_hidden_layers: config.depth,
    pad_token_id: 0,
    position_embedding_type: "absolute",
    torch_dtype: "float32",
    type_vocab_size: config.segments,
    vocab_size: config.vocab,
  };
}
