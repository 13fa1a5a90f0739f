// The table of fixture kinds: one line a kind that is implemented.

import type { Device } from "../../src/devices/device.ts";
import { adamw } from "./adamw.ts";
import { bertHeads, hfBert } from "./bert.ts";
import { beitCls, beitMim } from "./beit.ts";
import type { Check } from "./check.ts";
import { modulePickle, pth, safetensorsEdge } from "./checkpoints.ts";
import { schedule } from "./cosine_schedule.ts";
import { dvae, dvaeCustomized } from "./dvae.ts";
import type { Fixture } from "./fixture.ts";
import { hfCls, hfMim } from "./hf_beit.ts";
import { initStats } from "./init_stats.ts";
import { maskingStats, maskingTape } from "./masking.ts";
import { mixup } from "./mixup.ts";
import { ops } from "./ops.ts";
import { paramGroups } from "./param_groups.ts";
import { pil } from "./pil.ts";
import { relposIndex, relposInterp } from "./relative_position.ts";
import { hfSegmentation } from "./segmentation.ts";
import { vae } from "./vae.ts";
import { bertMaskStats, spanMaskStats } from "./text_masking.ts";

export type Kind = (fixture: Fixture, device: Device, check: Check) => Promise<void>;

export const kinds: Record<string, Kind> = {
  ops,
  adamw,
  cosine_schedule: schedule,
  mixup,
  pil,
  masking_tape: maskingTape,
  masking_stats: maskingStats,
  relpos_index: relposIndex,
  relpos_interp: relposInterp,
  param_groups: paramGroups,
  beit_mim: beitMim,
  beit_cls: beitCls,
  init_stats: initStats,
  hf_beit_mim: hfMim,
  hf_beit_cls: hfCls,
  hf_beit_seg: hfSegmentation,
  safetensors_edge: safetensorsEdge,
  pth,
  module_pickle: modulePickle,
  hf_bert: hfBert,
  bert_heads: bertHeads,
  bert_mask_stats: bertMaskStats,
  span_mask_stats: spanMaskStats,
  dvae,
  dvae_customized: dvaeCustomized,
  vae,
};
