// BEiT's parameter names in the layouts it is published in, as data. `*` is the number of a block; a name without `.weight` or `.bias` at its
// end stands for all that is below it. Sources: unilm/beit, timm models/beit.py, transformers convert_beit_unilm_to_pytorch.py.

/** "timm": the official names without what only pre-training has. "hf": Hugging Face transformers. */
export type Layout = "official" | "timm" | "hf";

export interface Row {
  official: string;
  /** Several: the rows of the official tensor in equal parts, one after the other. */
  hf: string | string[];
  /** timm's model has no such parameter. */
  notInTimm?: true;
}

const self = "beit.encoder.layer.*.attention.attention";

export const table: Row[] = [
  { official: "cls_token", hf: "beit.embeddings.cls_token" },
  { official: "mask_token", hf: "beit.embeddings.mask_token", notInTimm: true },
  { official: "pos_embed", hf: "beit.embeddings.position_embeddings" },
  { official: "patch_embed.proj", hf: "beit.embeddings.patch_embeddings.projection" },
  { official: "rel_pos_bias", hf: "beit.encoder.relative_position_bias" },
  { official: "blocks.*.norm1", hf: "beit.encoder.layer.*.layernorm_before" },
  { official: "blocks.*.norm2", hf: "beit.encoder.layer.*.layernorm_after" },
  { official: "blocks.*.attn.qkv.weight", hf: [`${self}.query.weight`, `${self}.key.weight`, `${self}.value.weight`] },
  { official: "blocks.*.attn.q_bias", hf: `${self}.query.bias` },
  { official: "blocks.*.attn.v_bias", hf: `${self}.value.bias` },
  { official: "blocks.*.attn.relative_position_bias_table", hf: `${self}.relative_position_bias.relative_position_bias_table` },
  { official: "blocks.*.attn.proj", hf: "beit.encoder.layer.*.attention.output.dense" },
  { official: "blocks.*.gamma_1", hf: "beit.encoder.layer.*.lambda_1" },
  { official: "blocks.*.gamma_2", hf: "beit.encoder.layer.*.lambda_2" },
  { official: "blocks.*.mlp.fc1", hf: "beit.encoder.layer.*.intermediate.dense" },
  { official: "blocks.*.mlp.fc2", hf: "beit.encoder.layer.*.output.dense" },
  // The last norm: over the patches of masked image modeling, or inside the encoder of everything else. Written by `lastNorm`.
  { official: "norm", hf: "beit.layernorm" },
  { official: "norm", hf: "layernorm" },
  { official: "fc_norm", hf: "beit.pooler.layernorm" },
  { official: "head", hf: "classifier" },
  { official: "lm_head", hf: "lm_head", notInTimm: true },
  { official: "fpn1", hf: "fpn1", notInTimm: true },
  { official: "fpn2", hf: "fpn2", notInTimm: true },
  { official: "decode_head.conv_seg", hf: "decode_head.classifier", notInTimm: true },
  { official: "decode_head", hf: "decode_head", notInTimm: true },
  { official: "auxiliary_head.conv_seg", hf: "auxiliary_head.classifier", notInTimm: true },
  { official: "auxiliary_head", hf: "auxiliary_head", notInTimm: true },
];

/** Which of the two Hugging Face names the last norm has, by the names of the model. */
export function lastNorm(official: Iterable<string>): "layernorm" | "beit.layernorm" {
  for (const name of official) if (name.startsWith("lm_head.")) return "layernorm";
  return "beit.layernorm";
}

/** Buffers that a program computes for itself: older files hold them, newer ones do not. */
export const computed = /(^|\.)(relative_position_index|k_bias)$/;
