"""Loads a safetensors file of ours into the reference's own PyTorch network and prints its logits in evaluation mode, as JSON.

Usage: torch_logits.py SEED_FOLDER FILE.safetensors INPUT.json   (INPUT: {"shape": [n, 3, h, w], "data": [...]})
The reference's code is read from the seed at run time. Every tensor of the file must find its place.
"""
import json, struct, sys
import torch
import reference

seed, weights, given = sys.argv[1:4]
scope = reference.load(seed)

raw = open(weights, "rb").read()
length = struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8 : 8 + length])
state = {}
for name, entry in header.items():
    if name == "__metadata__" or name.startswith("optimizer."):
        continue
    begin, end = entry["data_offsets"]
    state[name] = torch.frombuffer(bytearray(raw[8 + length + begin : 8 + length + end]), dtype=torch.float32).reshape(entry["shape"])

net = scope["ENCNet"](33)
missing, unexpected = net.load_state_dict(state, strict=False)
missing = [name for name in missing if not name.startswith("backbone.fc.") and not name.endswith("num_batches_tracked")]
given = json.load(open(given))
images = torch.tensor(given["data"]).reshape(given["shape"])
with torch.no_grad():
    logits, se = net.eval()(images)
print(json.dumps({"missing": missing, "unexpected": unexpected, "shape": list(logits.shape), "logits": logits.flatten().tolist(), "se": se.flatten().tolist()}))
