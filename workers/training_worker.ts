// The worker of `startTraining()`.
import { serveTraining } from "./training.ts";

serveTraining();
