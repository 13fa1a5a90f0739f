import { crossEntropy, linear } from "../../kernels/mod.ts";
import type { Device } from "../devices/device.ts";
import { ShapeError } from "../errors.ts";
import { gradients } from "../gradients.ts";
import { input } from "../graph.ts";
import { compile } from "../program.ts";
import type { Features } from "./features.ts";
import type { Objective } from "./lbfgs.ts";

/** Bytes of features on the device at once: far below any device's limit of a binding. */
const CHUNK_BYTES = 2 ** 26;

/**
 * Mean cross-entropy of multinomial logistic regression on a device, with its gradient, as a function of (K, C + 1) values: each class's
 * weights, then its bias. Deterministic: the same bits each time. Call `destroy()` at the end.
 *
 * @throws ShapeError when labels do not match the rows or name a class beyond K.
 */
export async function logisticLoss(
  device: Device,
  { rows, dim: C, values }: Features,
  labels: ArrayLike<number>,
  classes: number,
): Promise<{ evaluate: Objective; destroy(): void }> {
  if (labels.length !== rows) throw new ShapeError(`logisticLoss: ${labels.length} labels for ${rows} rows; give one a row`);
  const foreign = Array.from(labels).findIndex((label) => !(label >= 0 && label < classes));
  if (foreign >= 0) throw new ShapeError(`logisticLoss: label ${labels[foreign]} of row ${foreign} is none of ${classes} classes`);
  const size = Math.min(rows, Math.max(1, Math.floor(CHUNK_BYTES / (4 * C)))), chunks = Math.ceil(rows / size);
  const x = input("x", [size, C]), y = input("labels", [size], "u32"), share = input("weights", [size]);
  const w = input("w", [classes, C]), b = input("b", [classes]);
  const loss = crossEntropy(linear(x, w, { bias: b }), y, { weights: share, reduction: "sum" });
  const [dw, db] = gradients(loss, [w, b]);
  const program = await compile(device, { loss, dw, db });

  const write = (chunk: number) => {
    const first = chunk * size, count = Math.min(size, rows - first), part = new Float32Array(size * C), names = new Uint32Array(size);
    part.set(values.subarray(first * C, (first + count) * C));
    for (let r = 0; r < count; r++) names[r] = labels[first + r];
    program.write({ x: part, labels: names, weights: new Float32Array(size).fill(1 / rows, 0, count) }); // a mean over all chunks
  };
  write(0);

  return {
    async evaluate(at) {
      const weights = new Float32Array(classes * C), bias = new Float32Array(classes), gradient = new Float64Array(at.length);
      for (let k = 0; k < classes; k++) {
        weights.set(at.subarray(k * (C + 1), k * (C + 1) + C), k * C);
        bias[k] = at[k * (C + 1) + C];
      }
      program.write({ w: weights, b: bias });
      let value = 0;
      for (let chunk = 0; chunk < chunks; chunk++) {
        if (chunks > 1) write(chunk);
        program.run();
        value += await program.readNumber("loss");
        const onW = await program.read("dw"), onB = await program.read("db");
        for (let k = 0; k < classes; k++) {
          for (let c = 0; c < C; c++) gradient[k * (C + 1) + c] += onW[k * C + c];
          gradient[k * (C + 1) + C] += onB[k];
        }
      }
      return { value, gradient };
    },
    destroy: () => program.destroy(),
  };
}
