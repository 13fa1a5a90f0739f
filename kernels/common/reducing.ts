// Launches whose workgroups add values up, or find the largest: through workgroup memory everywhere, by subgroups as a choice.

import type { Choice, Launch, LaunchContext } from "../../src/graph.ts";
import subgroupMax from "./subgroup_max.wgsl" with { type: "text" };
import subgroupSum from "./subgroup_sum.wgsl" with { type: "text" };
import workgroupMax from "./workgroup_max.wgsl" with { type: "text" };
import workgroupSum from "./workgroup_sum.wgsl" with { type: "text" };

/** The launch with workgroup_sum() and workgroup_max() before its text; `bytes` are what it reads and writes. */
export function reducing(launch: Launch, bytes: number, { subgroups }: LaunchContext): Launch[] | Choice {
  const shared = [{ ...launch, wgsl: workgroupSum + workgroupMax + launch.wgsl }];
  if (!subgroups) return shared;
  return {
    key: `${launch.label} ${Object.values(launch.dims).join("x")}`,
    preferred: "shared",
    work: bytes,
    options: { shared, subgroups: [{ ...launch, label: `${launch.label} subgroups`, wgsl: subgroupSum + subgroupMax + launch.wgsl }] },
  };
}
