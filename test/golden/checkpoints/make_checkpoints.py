"""Writes checkpoints as training scripts leave them, and what their weights are: python make_checkpoints.py, with torch and numpy."""
import argparse
import collections
import json
import pathlib
import sys
import types

import numpy
import torch

here = pathlib.Path(__file__).parent
torch.manual_seed(7)
shapes = {
    'conv1.weight': (8, 3, 7, 7),
    'bn1.weight': (8,),
    'bn1.bias': (8,),
    'bn1.running_mean': (8,),
    'bn1.running_var': (8,),
    'layer1.0.conv1.weight': (8, 8, 3, 3),
}
weights = collections.OrderedDict((name, torch.randn(shape)) for name, shape in shapes.items())
# Convolutions of a network in channels-last lie otherwise in memory.
weights['conv1.weight'] = weights['conv1.weight'].to(memory_format=torch.channels_last)
counted = collections.OrderedDict([*weights.items(), ('bn1.num_batches_tracked', torch.tensor(12))])


def prefixed(prefix):
    return collections.OrderedDict((prefix + name, tensor) for name, tensor in counted.items())


def optimizer():
    parameters = [torch.nn.Parameter(tensor.clone()) for tensor in weights.values()]
    adam = torch.optim.AdamW(parameters, lr=1e-3)
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    adam.step()
    return adam.state_dict()


class AttributeDict(dict):
    """As Lightning keeps hyper parameters."""


module = types.ModuleType('lightning.fabric.utilities.data')
AttributeDict.__module__ = module.__name__
AttributeDict.__qualname__ = 'AttributeDict'
module.AttributeDict = AttributeDict
for name in ('lightning', 'lightning.fabric', 'lightning.fabric.utilities'):
    sys.modules[name] = types.ModuleType(name)
sys.modules[module.__name__] = module


class AsPython2(collections.OrderedDict):
    """Pickled as Python 2 did: its pairs are an argument."""

    def __reduce__(self):
        return collections.OrderedDict, ([[name, tensor] for name, tensor in self.items()],)


class Encoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 8, 7)


files = {
    'score-beside.pth': {
        'epoch': 3,
        'best_acc1': torch.tensor(71.2),
        'rng_state': torch.get_rng_state(),
        'args': argparse.Namespace(arch='resnet18', out=pathlib.PurePosixPath('runs')),
        'device': torch.device('cpu'),
        'state_dict': counted,
        'optimizer': optimizer(),
    },
    'numpy-scalars.pth': {
        'miou': numpy.float64(0.61),
        'loss': numpy.float32(0.2),
        'history': [numpy.float64(0.5), {'classes': numpy.arange(3)}],
        'seen': {1, 2},
        'counts': collections.Counter('aab'),
        'recent': collections.deque([1.0, 2.0], maxlen=5),
        'model': counted,
    },
    'encoder.pth': prefixed('encoder.'),
    'wrapped.pth': {'net': prefixed('_orig_mod.module.'), 'dtype': torch.float16, 'ema': {'decay': 0.99}},
    'lightning.ckpt': {
        'epoch': 4,
        'global_step': 120,
        'pytorch-lightning_version': '2.5.0',
        'state_dict': prefixed('model.net.backbone.'),
        'loops': {'fit_loop': {'state_dict': {}, 'epoch_progress': {'total': {'ready': 5}}}},
        'callbacks': {"ModelCheckpoint{'monitor': 'miou'}": {'best_model_score': torch.tensor(0.61), 'dirpath': '/runs'}},
        'optimizer_states': [optimizer()],
        'lr_schedulers': [{'last_epoch': 4, '_last_lr': [1e-4]}],
        'hparams_name': 'kwargs',
        'hyper_parameters': AttributeDict(lr=1e-3, classes=11),
    },
    'python2.pth': AsPython2(counted),
    'factories.pth': {'seen': collections.defaultdict(list, {'val': [0.5]}), 'weights': counted},
    'whole-model.pth': Encoder(),
}
for name, content in files.items():
    torch.save(content, here / name)
torch.save(files['score-beside.pth'], here / 'score-beside-legacy.pth', _use_new_zipfile_serialization=False)
expected = {name: {'shape': list(tensor.shape), 'values': tensor.contiguous().flatten().tolist()} for name, tensor in weights.items()}
(here / 'expected.json').write_text(json.dumps(expected) + '\n')
