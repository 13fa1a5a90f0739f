// Hugging Face's config.json of a BEiT, both ways. Where a file is silent the defaults of transformers 4.27 hold.

import { CheckpointError } from "../../errors.ts";
import { type BeitConfig, beitConfig, hiddenSize } from "../../models/beit_config.ts";
import { JsonFields } from "./json_fields.ts";
import { readLabels } from "./labels.ts";
import { readSegmentation, type Segmentation, segmentationFields } from "./segmentation.ts";

/** A model as a Hugging Face folder describes it. `config.vocab` says that it predicts tokens, `config.classes` that it classifies. */
export interface HfModel {
  config: BeitConfig;
  /** Names of the classes, in their order; none of a model without classes. */
  labels: string[];
  /** The heads for segmentation, of a model that has them. */
  segmentation?: Segmentation;
}

const architectures = {
  BeitForMaskedImageModeling: "masked",
  BeitForImageClassification: "classification",
  BeitForSemanticSegmentation: "segmentation",
  BeitModel: "encoder",
  BeitBackbone: "encoder",
} as const;
type Task = typeof architectures[keyof typeof architectures];

/**
 * The model that a config.json (its text, or parsed) describes. Throws CheckpointError for another model type or architecture, by name, and
 * for a field that contradicts the others; RecipeError for sizes that do not fit together.
 */
export function readHfConfig(json: unknown, file = "config.json"): HfModel {
  const fields = new JsonFields(json, file);
  const type = fields.text("model_type");
  if (type !== "beit") throw new CheckpointError(`${file}: model_type is ${JSON.stringify(type)}, this reads "beit"; give a BEiT`);
  const activation = fields.text("hidden_act", "gelu");
  if (activation !== "gelu") {
    throw new CheckpointError(`${file}: hidden_act is ${JSON.stringify(activation)}, a BEiT has "gelu"; give another model`);
  }
  const task = taskOf(fields), labels = task === "masked" || task === "encoder" ? [] : readLabels(fields);
  const [height, width] = fields.size("image_size", [224, 224]), [patchSize, patchWidth] = fields.size("patch_size", [16, 16]);
  if (patchSize !== patchWidth) fields.fail("patch_size", "a square");
  const dim = fields.number("hidden_size", 768);
  const config = beitConfig({
    imageSize: height === width ? height : [height, width],
    patchSize,
    channels: fields.number("num_channels", 3),
    dim,
    depth: fields.number("num_hidden_layers", 12),
    heads: fields.number("num_attention_heads", 12),
    mlpRatio: fields.number("intermediate_size", 3072) / dim,
    absolutePositions: fields.boolean("use_absolute_position_embeddings", false),
    relativePositions: readRelativePositions(fields),
    layerScale: fields.number("layer_scale_init_value", 0.1) || null,
    dropPath: fields.number("drop_path_rate", 0.1),
    pooling: fields.boolean("use_mean_pooling", true) ? "mean" : "class-token",
    normEps: fields.number("layer_norm_eps", 1e-12),
    ...(task === "masked" ? { vocab: fields.number("vocab_size", 8192) } : {}),
    ...(labels.length ? { classes: labels.length } : {}),
  }, file);
  return { config, labels, ...(task === "segmentation" ? { segmentation: readSegmentation(fields) } : {}) };
}

/** A config.json for the model. Throws CheckpointError for a model that transformers has no class for. */
export function hfConfig(
  { config, labels = [], segmentation }: { config: BeitConfig; labels?: string[]; segmentation?: Segmentation },
): Record<string, unknown> {
  const { classes = 0, vocab } = config;
  if (classes && vocab) {
    throw new CheckpointError(
      `config.json: the model has vocab ${vocab} and classes ${classes}, a Hugging Face model has one head; leave one out`,
    );
  }
  if (labels.length && labels.length !== classes) {
    throw new CheckpointError(`config.json: ${labels.length} labels for ${classes} classes; give one label a class`);
  }
  const task: Task = segmentation ? "segmentation" : classes ? "classification" : vocab ? "masked" : "encoder";
  const names = Array.from({ length: classes }, (_, i) => labels[i] ?? `LABEL_${i}`);
  const fields: Record<string, unknown> = {
    architectures: [Object.entries(architectures).find(([, does]) => does === task)![0]],
    attention_probs_dropout_prob: 0,
    drop_path_rate: config.dropPath,
    hidden_act: "gelu",
    hidden_dropout_prob: 0,
    hidden_size: config.dim,
    ...(classes ? { id2label: { ...names }, label2id: Object.fromEntries(names.map((name, i) => [name, i])) } : {}),
    image_size: config.imageSize,
    initializer_range: 0.02,
    intermediate_size: hiddenSize(config),
    layer_norm_eps: config.normEps,
    layer_scale_init_value: config.layerScale ?? 0,
    model_type: "beit",
    num_attention_heads: config.heads,
    num_channels: config.channels,
    num_hidden_layers: config.depth,
    patch_size: config.patchSize,
    torch_dtype: "float32",
    use_absolute_position_embeddings: config.absolutePositions,
    use_mask_token: task === "masked",
    use_mean_pooling: config.pooling === "mean",
    use_relative_position_bias: config.relativePositions === "per-block",
    use_shared_relative_position_bias: config.relativePositions === "shared",
    vocab_size: vocab ?? 8192,
    ...segmentationFields(segmentation),
  };
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => a < b ? -1 : 1));
}

function taskOf(fields: JsonFields): Task {
  const [architecture] = fields.texts("architectures", []);
  if (architecture !== undefined) {
    if (Object.hasOwn(architectures, architecture)) return architectures[architecture as keyof typeof architectures];
    return fields.fail("architectures", `one of ${Object.keys(architectures).join(", ")}`);
  }
  if (fields.boolean("use_mask_token", false)) return "masked";
  return fields.get("id2label") || fields.get("num_labels") ? "classification" : "encoder";
}

function readRelativePositions(fields: JsonFields): BeitConfig["relativePositions"] {
  const shared = fields.boolean("use_shared_relative_position_bias", false), perBlock = fields.boolean("use_relative_position_bias", false);
  if (shared && perBlock) fields.fail("use_relative_position_bias", "false, as use_shared_relative_position_bias is true");
  return shared ? "shared" : perBlock ? "per-block" : "none";
}
