/**
 * Zellige: BEiT in TypeScript on WebGPU. This file is the list of public names; importing it opens nothing.
 *
 * @example
 * ```ts
 * import { add, evaluate, input, openDevice } from "./mod.ts";
 * const device = await openDevice();
 * const x = input("x", [3]);
 * console.log(await evaluate(device, add(x, x), { x: [1, 2, 3] })); // 2, 4, 6
 * await device.destroy();
 * ```
 *
 * @module
 */

export * from "./kernels/mod.ts";
export * from "./src/errors.ts";
export { openDevice, type OpenOptions } from "./src/devices/mod.ts";
export type { Device, DeviceKind } from "./src/devices/device.ts";
export { gradients } from "./src/gradients.ts";
export { constant, defineOp, input, reshape, state, Tensor } from "./src/graph.ts";
export type { Choice, CpuTensor, DType, Launch, LaunchContext, Numbers, OpSpec, Shape } from "./src/graph.ts";
export { interpret } from "./src/interpret.ts";
export { initialValues, parameters, type ParametersOptions, type ParamSpec } from "./src/nn/parameters.ts";
export { type Initial, normalInitial, truncatedNormalInitial, uniformInitial } from "./src/nn/initial.ts";
export { type Adamw, adamw, type AdamwOptions } from "./src/optim/adamw.ts";
export { constantSchedule, cosineSchedule, exponentialSchedule, linearSchedule } from "./src/optim/schedules.ts";
export { philox4x32 } from "./src/philox.ts";
export { compile, type CompileOptions, evaluate, type Program } from "./src/program.ts";
