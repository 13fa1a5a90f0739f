"""PyTorch: bench/peers/torch_peer.py NAME FOLDER. It speaks child.ts's protocol; eager, float32, all threads (TF32 off on a GPU)."""

import json
import math
import os
import sys
import time

import torch
import torch.nn.functional as F

MARK, COMPARED_STEPS = "@@", 3
NAME, FOLDER = sys.argv[1:3]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
torch.set_num_threads(os.cpu_count() or 1)
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def values(job, name, dtype=torch.float32):
    with open(f"{FOLDER}/{job['id']}.{name}", "rb") as file:
        data = torch.frombuffer(bytearray(file.read()), dtype=torch.int32 if dtype == torch.int64 else dtype)
    return data.to(DEVICE, dtype)


def weights(job):
    name = job["model"]["name"]
    with open(f"{FOLDER}/{name}.json") as file:
        table = json.load(file)
    with open(f"{FOLDER}/{name}.weights", "rb") as file:
        data = torch.frombuffer(bytearray(file.read()), dtype=torch.float32).to(DEVICE)
    made = {}
    for key, entry in table.items():
        size = math.prod(entry["shape"])
        made[key] = data[entry["offset"] : entry["offset"] + size].clone().reshape(entry["shape"])
    return made, {key: entry["decay"] for key, entry in table.items()}


def vit(p, x, model, mask=None):
    C, heads = model["dim"], model["heads"]
    x = F.conv2d(x, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"], stride=model["patchSize"]).flatten(2).transpose(1, 2)
    B, N, _ = x.shape
    if mask is not None:
        m = mask.view(B, N, 1)
        x = x * (1 - m) + p["mask_token"] * m
    x = torch.cat([p["cls_token"].expand(B, -1, -1), x], 1) + p["pos_embed"]
    for layer in range(model["depth"]):
        w = lambda name: p[f"blocks.{layer}.{name}"]
        bias = torch.cat([w("attn.q_bias"), torch.zeros_like(w("attn.q_bias")), w("attn.v_bias")])
        qkv = F.linear(F.layer_norm(x, [C], w("norm1.weight"), w("norm1.bias"), 1e-6), w("attn.qkv.weight"), bias)
        q, k, v = qkv.view(B, N + 1, 3, heads, C // heads).permute(2, 0, 3, 1, 4)
        read = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, N + 1, C)
        x = x + F.linear(read, w("attn.proj.weight"), w("attn.proj.bias"))
        inner = F.linear(F.layer_norm(x, [C], w("norm2.weight"), w("norm2.bias"), 1e-6), w("mlp.fc1.weight"), w("mlp.fc1.bias"))
        x = x + F.linear(F.gelu(inner), w("mlp.fc2.weight"), w("mlp.fc2.bias"))
    return x


def classes(p, x, model):
    pooled = vit(p, x, model)[:, 1:].mean(1)
    pooled = F.layer_norm(pooled, [model["dim"]], p["fc_norm.weight"], p["fc_norm.bias"], 1e-6)
    return F.linear(pooled, p["head.weight"], p["head.bias"])


def masked_loss(p, x, mask, rows, targets, model):
    N = (model["imageSize"] // model["patchSize"]) ** 2
    tokens = vit(p, x, model, mask).flatten(0, 1)[rows + rows // N + 1]  # the class tokens lie between
    tokens = F.layer_norm(tokens, [model["dim"]], p["norm.weight"], p["norm.bias"], 1e-6)
    return F.cross_entropy(F.linear(tokens, p["lm_head.weight"], p["lm_head.bias"]), targets)


def convolved(p, x, name):
    w = p[f"{name}.w"]
    return F.conv2d(x, w, p[f"{name}.b"], padding=(w.shape[2] - 1) // 2)


def stack(p, half, x, groups, blocks):
    for group in range(1, groups + 1):
        for block in range(1, blocks + 1):
            name = f"{half}.blocks.group_{group}.block_{block}"
            h = x
            for i in range(1, 5):
                h = convolved(p, F.relu(h), f"{name}.res_path.conv_{i}")
            x = (convolved(p, x, f"{name}.id_path") if f"{name}.id_path.w" in p else x) + h * (groups * blocks) ** -2
        if group < groups:
            x = F.max_pool2d(x, 2) if half == "encoder" else F.interpolate(x, scale_factor=2)
    return convolved(p, F.relu(x), f"{half}.blocks.output.conv")


def token_logits(p, x, model):
    x = convolved(p, 0.8 * x + 0.1, "encoder.blocks.input")
    return stack(p, "encoder", x, model["groups"], model["blocks"])


def tokenizer_loss(p, x, noise, model):
    temperature, kl_weight = 0.9, 0.01  # jobs.ts: tokenizerLoss
    logits = token_logits(p, x, model)
    codes = F.softmax((logits + noise) / temperature, 1)
    log_p = F.log_softmax(logits, 1)
    kl = (log_p.exp() * (log_p + math.log(model["vocab"]))).sum(1).mean()
    made = stack(p, "decoder", convolved(p, codes, "decoder.blocks.input"), model["groups"], model["blocks"])
    mu, lnb = made.chunk(2, 1)
    x = 0.8 * x + 0.1
    loss = ((x / (1 - x)).log() - mu).abs() * torch.exp(-lnb) + lnb + (2 * x * (1 - x)).log()
    return loss.mean() + kl_weight * kl


def training(p, decay, loss_of):
    for t in p.values():
        t.requires_grad_()
    groups = [
        {"params": [t for name, t in p.items() if decay[name]], "weight_decay": 0.05},
        {"params": [t for name, t in p.items() if not decay[name]], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.999), eps=1e-8)  # jobs.ts: optimizer

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(p)
        loss.backward()
        optimizer.step()
        return [loss.item()]

    return step, lambda: [step()[0] for _ in range(COMPARED_STEPS)]


def inference(call):
    def run():
        with torch.inference_mode():
            return call().flatten().float().cpu().numpy()

    return run, run


def prepare(job):
    kind, model = job["kind"], job.get("model")
    if kind == "matmul":
        x, w = values(job, "x").view(job["M"], job["K"]), values(job, "w").view(job["N"], job["K"])
        return inference(lambda: x @ w.T)
    p, decay = weights(job)
    side = model.get("size") or model["imageSize"]
    x = values(job, "pictures").view(job["B"], 3, side, side)
    if kind == "forward":
        return inference(lambda: classes(p, x, model))
    if kind == "encode":
        return inference(lambda: token_logits(p, x, model).argmax(1))
    if kind == "tokenizer":
        grid = side // 2 ** (model["groups"] - 1)
        noise = values(job, "noise").view(job["B"], model["vocab"], grid, grid)
        return training(p, decay, lambda p: tokenizer_loss(p, x, noise, model))
    mask, rows, targets = values(job, "mask"), values(job, "rows", torch.int64), values(job, "targets", torch.int64)
    return training(p, decay, lambda p: masked_loss(p, x, mask, rows, targets, model))


def answer(request, ready):
    if request["do"] == "open":
        return {"description": f"PyTorch {torch.__version__}, {DEVICE}, {torch.get_num_threads()} threads", "ms": 0}
    if request["do"] == "prepare":
        ready["run"], output = prepare(request["job"])
        start = time.perf_counter()
        result = output()
        ms = 1000 * (time.perf_counter() - start)
        with open(f"{FOLDER}/{request['job']['id']}.{NAME}.out", "wb") as file:
            file.write(torch.tensor(result, dtype=torch.float32).numpy().tobytes())
        return {"ms": ms}
    if request["do"] == "release":
        ready.clear()
        return {}
    times, end = [], time.perf_counter() + request["ms"] / 1000
    while len(times) < request["least"] or (len(times) < request["most"] and time.perf_counter() < end):
        start = time.perf_counter()
        ready["run"]()
        times.append(1000 * (time.perf_counter() - start))
    return {"times": times}


ready = {}
for line in sys.stdin:
    try:
        reply = answer(json.loads(line), ready)
    except Exception as error:  # the reason goes into the table
        reply = {"error": str(error).split("\n")[0]}
    print(MARK + json.dumps(reply), flush=True)
