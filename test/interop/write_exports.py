"""Writes a data set with datumaro's own exporters: write_exports.py FOLDER OUT CLASSES-AS-JSON.

FOLDER is SegNet's form with grey ids; OUT gets camvid/ and voc/, as CVAT exports them.
"""
import glob, json, logging, os, sys, warnings
import numpy as np

logging.disable(logging.CRITICAL)
warnings.filterwarnings("ignore")
import datumaro as dm
from PIL import Image

folder, out, classes = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
labels = [{"name": "background", "color": [0, 0, 0]}, *classes]
items = []
for file in sorted(glob.glob(f"{folder}/*annot/*.png")):
    split = os.path.basename(os.path.dirname(file))[: -len("annot")]
    name = os.path.splitext(os.path.basename(file))[0]
    ids = np.array(Image.open(file))
    masks = [dm.Mask((ids == id).astype(np.uint8), label=id + 1, z_order=id) for id in range(len(classes)) if (ids == id).any()]
    masks.append(dm.Mask((ids == len(classes)).astype(np.uint8), label=0, z_order=len(classes)))
    image = glob.glob(f"{folder}/{split}/{name}.*")[0]
    items.append(dm.DatasetItem(name, subset=split, media=dm.Image.from_file(path=image), annotations=masks))
categories = {
    dm.AnnotationType.label: dm.LabelCategories.from_iterable(each["name"] for each in labels),
    dm.AnnotationType.mask: dm.MaskCategories(colormap={id: tuple(each["color"]) for id, each in enumerate(labels)}),
}
dataset = dm.Dataset.from_iterable(items, categories=categories)
dataset.export(f"{out}/camvid", "camvid", save_media=True, label_map="source", apply_colormap=True)
dataset.export(f"{out}/voc", "voc_segmentation", save_media=True, label_map="source", apply_colormap=True)
