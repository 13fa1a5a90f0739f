// The table of stages.

import type { Stage } from "../stage.ts";
import { finetune } from "./finetune.ts";

export const stages: Record<string, Stage> = { finetune };
