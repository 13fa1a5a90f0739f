// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// One job at a time, worked on by every thread that is awake. A job has phases, a phase has numbered units; whoever is free takes the next
// unit, and nobody begins a phase before the units of the one before are done. Which thread does a unit never changes its result, so the
// bits do not depend on the number of threads. A thread that wakes late finds the job closed and sleeps on: nobody waits for it.

// The control block at the bottom of memory; a cache line each for what different threads write. team.ts of the host knows these, too.
const GENERATION: usize = 64; // counts jobs; idle threads wait on it
const ACTIVE: usize = 128; // helpers inside the job; negative: closed to newcomers
const SLEEPING: usize = 192; // helpers that need a notify
const STOP: usize = 256; // 1: helpers return
const MAIN_SLEEPS: usize = 320; // 1: thread 0 may wait, 0: it has to spin (a page's main thread)
const PHASES: usize = 512; // per phase 128 bytes: next unit, then (64 bytes on) units done
const PHASE_COUNT: usize = 4;

/** Where the host writes the job: the kernel's number, then its fields. */
export const JOB: usize = 1024;

const CLOSED: i32 = i32.MIN_VALUE;
const SPINS: i32 = 4000; // some 20 microseconds: longer than the host takes between two jobs of one replay

/** The next unit of a phase, or a number that is too high. */
export function take(phase: usize): i32 {
  return atomic.add<i32>(PHASES + (phase << 7), 1);
}

/** Says that a unit is done; the last one of `total` wakes those who wait in `arrive`. */
export function finish(phase: usize, total: i32): void {
  const done = PHASES + (phase << 7) + 64;
  if (atomic.add<i32>(done, 1) + 1 == total) atomic.notify(done, -1);
}

/** Returns once all `total` units of a phase are done. */
export function arrive(phase: usize, total: i32, thread: i32): void {
  const done = PHASES + (phase << 7) + 64;
  for (let spins = 0;; spins++) {
    const now = atomic.load<i32>(done);
    if (now >= total) return;
    if (spins > SPINS && (thread != 0 || load<i32>(MAIN_SLEEPS))) atomic.wait<i32>(done, now, -1);
  }
}

function join(): bool {
  let active = atomic.load<i32>(ACTIVE);
  while (active >= 0) {
    const seen = atomic.cmpxchg<i32>(ACTIVE, active, active + 1);
    if (seen == active) return true;
    active = seen;
  }
  return false;
}

/** Waits for a job after number `seen`; joins it if it is still open and returns its number, or -1 when the team is dismissed. */
export function awaitJob(seen: i32): i32 {
  while (true) {
    let generation = atomic.load<i32>(GENERATION);
    for (let spins = 0; generation == seen; spins++) {
      if (spins > SPINS) {
        atomic.add<i32>(SLEEPING, 1);
        atomic.wait<i32>(GENERATION, seen, -1);
        atomic.sub<i32>(SLEEPING, 1);
        spins = 0;
      }
      generation = atomic.load<i32>(GENERATION);
    }
    if (atomic.load<i32>(STOP)) return -1;
    seen = generation;
    if (join()) return seen;
  }
}

export function leave(): void {
  if (atomic.sub<i32>(ACTIVE, 1) - 1 == CLOSED) atomic.notify(ACTIVE, -1);
}

export function openJob(alone: bool): void {
  memory.fill(PHASES, 0, PHASE_COUNT << 7);
  if (alone) return;
  atomic.store<i32>(ACTIVE, 0);
  atomic.add<i32>(GENERATION, 1);
  if (atomic.load<i32>(SLEEPING)) atomic.notify(GENERATION, -1);
}

/** Closes the job to newcomers and waits for those inside. */
export function closeJob(): void {
  let active = atomic.or<i32>(ACTIVE, CLOSED) | CLOSED;
  for (let spins = 0; active != CLOSED; spins++) {
    if (spins > SPINS && load<i32>(MAIN_SLEEPS)) atomic.wait<i32>(ACTIVE, active, -1);
    active = atomic.load<i32>(ACTIVE);
  }
}
