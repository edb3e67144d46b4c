"""Loads a .pth file of ours into the reference's own PyTorch network, as it is, and prints its logits in evaluation mode, as JSON.

Usage: torch_strict.py SEED_FOLDER FILE.pth INPUT.json   (INPUT: {"shape": [n, 3, h, w], "data": [...]})
The reference's code is read from the seed at run time. Nothing but tensors may be in the file, and each must find its place.
"""
import json, sys
import torch
import reference

seed, weights, given = sys.argv[1:4]
scope = reference.load(seed)
net = scope["ENCNet"](33)
net.load_state_dict(torch.load(weights, weights_only=True), strict=True)
given = json.load(open(given))
images = torch.tensor(given["data"]).reshape(given["shape"])
with torch.no_grad():
    logits, _ = net.eval()(images)
print(json.dumps({"logits": logits.flatten().tolist()}))
