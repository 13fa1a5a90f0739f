// The image pipeline's peer: PIL decodes a photo, jitters its colors and cuts two views of it, as `pretraining` of src/data does.

import { spawnSync } from "node:child_process";

/** Median milliseconds of CPU a picture of `folder` in one thread, or null where python3 has no PIL. */
export function pilMilliseconds(
  folder: string,
  { photos, rounds }: { photos: number; rounds: number },
): number | null {
  const script = `
import glob, io, math, random, sys, time
from PIL import Image, ImageEnhance
files = [open(f, "rb").read() for f in sorted(glob.glob(sys.argv[1] + "*"))[:${photos}]]
def work(data):
    image = Image.open(io.BytesIO(data)).convert("RGB")
    kinds = [ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color]
    random.shuffle(kinds)
    for kind in kinds: image = kind(image).enhance(random.uniform(0.6, 1.4))
    if random.random() < 0.5: image = image.transpose(Image.FLIP_LEFT_RIGHT)
    W, H = image.size
    for _ in range(10):
        area, ratio = random.uniform(0.08, 1) * W * H, math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if w <= W and h <= H: break
    else: w, h = min(W, H), min(W, H)
    left, top = random.randint(0, W - w), random.randint(0, H - h)
    image = image.crop((left, top, left + w, top + h))
    image.resize((224, 224), Image.BICUBIC).tobytes(), image.resize((112, 112), Image.LANCZOS).tobytes()
times = []
for r in range(${rounds + 1}):
    random.seed(r)
    start = time.process_time()
    for data in files: work(data)
    times.append((time.process_time() - start) * 1000 / len(files))
print(sorted(times[1:])[${rounds >> 1}])`;
  const { status, stdout } = spawnSync("python3", ["-c", script, folder], {
    encoding: "utf8",
  });
  return status === 0 ? Number(stdout) : null;
}
