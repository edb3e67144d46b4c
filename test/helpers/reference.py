"""The reference's own classes, read from its text at run time."""
import glob, os


def load(seed_folder):
    """Returns a dict of the reference's names: ResNet, Bottleneck, Encoding, EncModule, EncHead, ENCNet."""
    text = open(glob.glob(os.path.join(seed_folder, "*.txt"))[0], encoding="utf-8").read()
    scope = {}
    for begin, end in (
        ("import torch\nimport torch.nn as nn\n\nclass BasicBlock", "EncNet\n\nEncoding"),
        ("import torch\nfrom torch import nn as nn", "EncNet部分"),
        ("import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\nclass EncModule", "数据集-Camvid"),
    ):
        start = text.index(begin)
        exec(text[start:text.index(end, start)], scope)
    return scope
