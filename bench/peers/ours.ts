// Zellige itself, as one of the peers: bench/peers/ours.ts <device> [blas] NAME FOLDER.

import process from "node:process";
import { add, crossEntropy, gumbelSoftmax, klUniform, linear, mean, multiply } from "../../kernels/mod.ts";
import { type DeviceKind, openDevice } from "../../src/devices/mod.ts";
import { gradients } from "../../src/gradients.ts";
import { constant, input, state, type Tensor } from "../../src/graph.ts";
import { beit, beitParams } from "../../src/models/beit.ts";
import { classLogits, maskedLogits } from "../../src/models/beit_heads.ts";
import { tokenizer } from "../../src/models/tokenizer.ts";
import { parameters, type ParamSpec } from "../../src/nn/parameters.ts";
import { adamw } from "../../src/optim/adamw.ts";
import { compile, type CompileOptions, type Program } from "../../src/program.ts";
import { type Peer, type Ready, serve } from "./child.ts";
import { comparedSteps, inputsOf, type Job, optimizer, tokenizerLoss } from "./jobs.ts";
import { beitOf, dvaeOf } from "./models.ts";

interface Graph {
  outputs: Record<string, Tensor>;
  options?: CompileOptions;
  /** What changes per step. */
  values?(step: number): Record<string, ArrayLike<number>>;
}

function graphOf(job: Job): Graph {
  const x = Object.fromEntries(Object.entries(inputsOf(job)).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]));
  if (job.kind === "matmul") {
    return { outputs: { y: linear(x.x, state("w", [job.N, job.K])) } };
  }
  if (job.kind === "forward") {
    const config = beitOf(job.model),
      p = parameters(beitParams(config), { blank: true });
    return {
      outputs: { y: classLogits(p, beit(p, x.pictures, config), config) },
    };
  }
  if (job.kind === "training") {
    const config = beitOf(job.model),
      table = beitParams(config),
      p = parameters(table, { blank: true });
    return training(p, table, crossEntropy(maskedLogits(p, beit(p, x.pictures, config, { mask: x.mask }), x.rows, config), x.targets));
  }
  const model = tokenizer(dvaeOf(job.model)),
    p = parameters(model.params, { blank: true });
  if (job.kind === "encode") {
    return { outputs: { y: model.ids(p, x.pictures) } };
  }
  const scalar = (name: string, value: number) => constant(name, [1], [value]),
    logits = model.logits(p, x.pictures);
  const codes = gumbelSoftmax(logits, scalar("temperature", tokenizerLoss.temperature), x.noise);
  const kl = multiply(mean(klUniform(logits, 1)), scalar("kl weight", tokenizerLoss.klWeight));
  return training(p, model.params, add(model.reconstruction(p, codes, x.pictures).loss, kl));
}

function training(p: Record<string, Tensor>, table: Record<string, ParamSpec>, loss: Tensor): Graph {
  const { lr, weightDecay, beta1, beta2, eps } = optimizer;
  const { updates, values } = adamw(p, gradients(loss, Object.values(p)), { table, betas: [beta1, beta2], eps });
  return {
    outputs: { y: loss },
    options: { updates },
    values: (step) => values({ step, lr, weightDecay }),
  };
}

function ready(program: Program, graph: Graph): Ready {
  let step = 0;
  const run = async () => {
    if (graph.values) program.write(graph.values(step++));
    program.run();
    await program.device.idle();
  };
  return {
    run,
    async output() {
      const values: number[] = [];
      for (let i = 0; i < (graph.values ? comparedSteps : 1); i++) {
        await run();
        for (const value of await program.read("y")) values.push(value);
      }
      return values;
    },
    release: () => program.destroy(),
  };
}

async function open(): Promise<Peer> {
  const device = await openDevice({ device: process.argv[2] as DeviceKind, blas: process.argv[3] === "blas" });
  return {
    describe: () => device.description,
    async prepare(job, material) {
      const graph = graphOf(job),
        program = await compile(device, graph.outputs, graph.options);
      for (const [name, { data }] of Object.entries("model" in job ? material.weights() : {})) {
        if (job.kind !== "encode" || name.startsWith("encoder.")) {
          program.write({ [name]: data });
        }
      }
      for (const name in inputsOf(job)) {
        program.write({ [name]: material.input(name) });
      }
      return ready(program, graph);
    },
  };
}

await serve(open);
