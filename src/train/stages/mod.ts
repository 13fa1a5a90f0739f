// The table of stages.

import type { Stage } from "../stage.ts";
import { finetune } from "./finetune.ts";
import { pretrain } from "./pretrain.ts";
import { probe } from "./probe.ts";
import { tokenizer } from "./tokenizer.ts";

export const stages: Record<string, Stage> = { tokenizer, pretrain, probe, finetune };
