// The engine's trainings: sessions on the device that also answers requests, steered by calls, told of by messages.

import type { Device } from "../src/devices/mod.ts";
import { drawRun } from "../src/inference/pictures/mod.ts";
import { writeReport } from "../src/train/report/mod.ts";
import { Run } from "../src/train/run.ts";
import { Session, type SessionEvent, type SessionState } from "../src/train/session.ts";
import type { RunAction } from "../src/server/engine.ts";

/** What a session tells, and that there are new pictures. */
export type TrainerEvent = SessionEvent | { type: "pictures" };

export interface TrainerOptions {
  device: () => Promise<Device>;
  /** Workers that make a run's batches. */
  workers: number;
  tell: (run: string, event: TrainerEvent) => void;
  log: (line: string) => void;
}

export class Trainer {
  readonly #options: TrainerOptions;
  /** By the run's name, from the call of `train` until the end. */
  readonly #trainings = new Map<string, { session?: Session; wishes: RunAction[] }>();

  constructor(options: TrainerOptions) {
    this.#options = options;
  }

  /** Trains the run in the folder `path`; resolves with its last state. What went wrong is in the run. */
  async train(path: string): Promise<SessionState> {
    const { device, workers, tell, log } = this.#options,
      run = Run.open(path),
      training: { session?: Session; wishes: RunAction[] } = { wishes: [] };
    this.#trainings.set(run.name, training);
    try {
      const opened = await device(), session = training.session = new Session({ run, device: opened, workers });
      session.listen((event) => tell(run.name, event));
      for (const wish of training.wishes) act(session, wish);
      const ended = await session.done;
      log(`run ${run.name}: ${ended}`);
      if (ended === "done") await this.#report(run);
      return ended;
    } catch (error) {
      const { message } = error as Error;
      run.mark("failed", { error: message });
      tell(run.name, { type: "state", state: "failed", error: message });
      return "failed";
    } finally {
      this.#trainings.delete(run.name);
    }
  }

  /** Acts at the next edge of a step; nothing of a run that has ended. */
  control(run: string, action: RunAction): void {
    const training = this.#trainings.get(run);
    if (training?.session) act(training.session, action);
    else training?.wishes.push(action);
  }

  /** Pictures and the page of a run that has ended well; what goes wrong here takes nothing from it. */
  async #report(run: Run): Promise<void> {
    const { device, tell, log } = this.#options;
    try {
      await drawRun(run, await device());
      writeReport(run.path);
      tell(run.name, { type: "pictures" });
    } catch (error) {
      log(`run ${run.name}: its report cannot be made (${(error as Error).message})`);
    }
  }
}

function act(session: Session, action: RunAction): void {
  if (action === "checkpoint") void session.checkpoint(); // the event tells when it is there
  else session[action]();
}
