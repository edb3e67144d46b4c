"""Writes a golden case of a configuration of one's own, computed in float64 by the reference's own PyTorch code.

Usage: golden_case.py SEED_FOLDER CONFIG.json OUT.json
CONFIG: backbone (resnet18, 34, 50, 101), num_classes, num_codes, lateral, input_shape, seed, trajectories {name: {optimizer, steps}}.
The reference's code is read from the seed at run time; its BasicBlock, which does not run, is replaced by the sound one.
The form and the fill are those of test/golden/README.md.
"""
import json, math, sys
import numpy as np
import torch
import reference
import torch.nn as nn
import torch.nn.functional as F

seed_folder, config_file, out_file = sys.argv[1:4]
config = json.load(open(config_file))
scope = reference.load(seed_folder)


class SoundBasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inplanes, planes, stride=1, downsample=None, groups=1, base_width=64, dilation=1, norm_layer=None):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = norm_layer(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + identity)


blocks = {"resnet18": (SoundBasicBlock, [2, 2, 2, 2]), "resnet34": (SoundBasicBlock, [3, 4, 6, 3]),
          "resnet50": (scope["Bottleneck"], [3, 4, 6, 3]), "resnet101": (scope["Bottleneck"], [3, 4, 23, 3])}
mask32 = 0xFFFFFFFF


def stream(name, count, case_seed=config["seed"]):
    h = 0x811C9DC5
    for byte in name.encode():
        h = ((h ^ byte) * 0x01000193) & mask32
    a = (np.uint64(h ^ case_seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x6D2B79F5)) & np.uint64(mask32)
    m = np.uint64(mask32)
    t = ((a ^ (a >> np.uint64(15))) * (a | np.uint64(1))) & m
    t = t ^ ((t + ((t ^ (t >> np.uint64(7))) * (t | np.uint64(61)) & m)) & m)
    return ((t ^ (t >> np.uint64(14))) & m).astype(np.float64) / 4294967296


def build():
    block, layers = blocks[config["backbone"]]
    head = scope["EncHead"](num_classes=config["num_classes"], num_codes=config["num_codes"], add_lateral=config["lateral"])
    channels = [64 * block.expansion * 2 ** i for i in range(4)]
    head.bottleneck = nn.Conv2d(channels[3], 512, 3, padding=1)
    if config["lateral"]:
        head.lateral_convs = nn.ModuleList(nn.Conv2d(c, 512, 1) for c in channels[:3])
    head.cls_seg[3] = nn.Conv2d(256, config["num_classes"], 3, padding=1)
    net = nn.Module()
    net.backbone, net.decoder = scope["ResNet"](block, layers), head
    net.double()
    closing = "bn2" if block.expansion == 1 else "bn3"
    state = net.state_dict()
    biased = {name[:-5] for name in state if name.endswith(".bias")}
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        u = stream(name, tensor.numel())
        owner = name.rsplit(".", 1)[0]
        weight = state.get(owner + ".weight")
        norm = owner + ".running_mean" in state
        if name.endswith("codewords"): v = 0.5 * (2 * u - 1)
        elif name.endswith("scale"): v = -u / 8
        elif norm and name.endswith("weight"): v = (0.25 if owner.rsplit(".", 1)[-1] == closing else 1) * (1 + 0.2 * (u - 0.5))
        elif norm and name.endswith("running_var"): v = 1 + 0.2 * (u - 0.5)
        elif norm: v = 0.2 * (u - 0.5)
        elif tensor.dim() == 4 and owner not in biased: v = (2 * u - 1) * math.sqrt(3) * math.sqrt(2 / (tensor.shape[0] * tensor.shape[2] * tensor.shape[3]))
        else: v = (2 * u - 1) / math.sqrt(weight[0].numel())
        tensor.copy_(torch.from_numpy(v.astype(np.float32).astype(np.float64)).reshape(tensor.shape))
    return net


def data():
    n, c, h, w = config["input_shape"]
    x = torch.from_numpy((2 * (2 * stream("input", n * c * h * w) - 1)).astype(np.float32).astype(np.float64)).reshape(n, c, h, w)
    board = np.where(stream("ignore", n * 64) < 0.05, 255, np.floor(stream("labels", n * 64) * config["num_classes"])).reshape(n, 8, 8).astype(np.int64)
    rows, columns = 8 * np.arange(h) // h, 8 * np.arange(w) // w
    y = torch.from_numpy(board[:, rows][:, :, columns])
    presence = torch.stack([torch.tensor([float((image == k).any()) for k in range(config["num_classes"])], dtype=torch.float64) for image in y])
    return x, y, presence


def forward(net, batch):
    x, y, presence = batch
    logits, se = net.decoder(net.backbone(x))
    ce, mse = F.cross_entropy(logits, y, ignore_index=255), F.mse_loss(se, presence)
    return {"ce": ce, "se_mse": mse, "total": ce + 0.2 * mse, "logits": logits, "se_logits": se}


def probe(name, tensor, count=24):
    flat = tensor.detach().reshape(-1)
    indices = np.arange(flat.numel()) if flat.numel() <= count else np.floor(stream("probe:" + name, count) * flat.numel()).astype(np.int64)
    return {"shape": list(tensor.shape), "mean": flat.mean().item(), "std": flat.std(unbiased=False).item(), "l2": flat.norm().item(),
            "indices": indices.tolist(), "values": flat[torch.from_numpy(indices)].tolist()}


def outputs(result):
    full = {"shape": list(result["se_logits"].shape), "data": result["se_logits"].detach().flatten().tolist()}
    return {"logits": probe("logits", result["logits"]), "se_logits": full, **{key: result[key].item() for key in ("ce", "se_mse", "total")}}


def optimiser(spec, parameters):
    if spec["name"] == "adamw":
        return torch.optim.AdamW(parameters, lr=spec["lr"], betas=spec.get("betas", [0.9, 0.999]), eps=spec.get("eps", 1e-8), weight_decay=spec.get("weight_decay", 0))
    return torch.optim.SGD(parameters, lr=spec["lr"], momentum=spec.get("momentum", 0), weight_decay=spec.get("weight_decay", 0), nesterov=spec.get("nesterov", False))


batch = data()
case = {"description": "made by test/helpers/golden_case.py", "config": {**{k: v for k, v in config.items() if k != "trajectories"}, "se_weight": 0.2, "ignore_index": 255}}
net = build().eval()
with torch.no_grad():
    case["eval_initial"] = outputs(forward(net, batch))
net = build().train()
result = forward(net, batch)
result["total"].backward()
parameters = {}
for name, parameter in net.named_parameters():
    row = probe(name, parameter, 4)
    grad = None if parameter.grad is None else parameter.grad.flatten()
    parameters[name] = {"shape": row["shape"], "indices": row["indices"], "grad": None if grad is None else {"l2": grad.norm().item(), "values": grad[row["indices"]].tolist()}}
stats = {}
for name, module in net.named_modules():
    if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
        indices = probe(name, module.running_mean, 4)["indices"]
        stats[name] = {"indices": indices, "after": {key: {"l2": value.norm().item(), "values": value[indices].tolist()} for key, value in (("mean", module.running_mean), ("var", module.running_var))}}
case["train_step"] = {**outputs(result), "parameters": parameters, "running_stats": stats}
case["trajectories"] = {}
for name, trajectory in config.get("trajectories", {}).items():
    net = build().train()
    optimizer = optimiser(trajectory["optimizer"], net.parameters())
    steps = []
    for _ in range(trajectory["steps"]):
        optimizer.zero_grad()
        result = forward(net, batch)
        result["total"].backward()
        optimizer.step()
        steps.append({"lr": trajectory["optimizer"]["lr"], **{key: result[key].item() for key in ("ce", "se_mse", "total")}})
    with torch.no_grad():
        case["trajectories"][name] = {"optimizer": trajectory["optimizer"], "schedule": {"name": "constant"}, "steps": steps, "eval_after": outputs(forward(net.eval(), batch))}
json.dump(case, open(out_file, "w"))
