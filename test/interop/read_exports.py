"""Reads each export with a reader that is not ours and compares every pixel: read_exports.py FOLDER CLASSES-AS-JSON.

FOLDER holds segnet/, camvid/, voc/, cityscapes/, coco/ and colour/ of one data set; segnet's grey ids are the truth.
Prints JSON: what of each form was read, and how many pixels differ.
"""
import glob, json, logging, os, sys, warnings
import numpy as np

logging.disable(logging.CRITICAL)
warnings.filterwarnings("ignore")
import datumaro as dm
from PIL import Image
from pycocotools.coco import COCO

folder, classes = sys.argv[1], json.loads(sys.argv[2])
names = [each["name"] for each in classes]
VOID = len(classes)

truth = {}
for file in sorted(glob.glob(f"{folder}/segnet/*annot/**/*.png", recursive=True)):
    split = os.path.relpath(file, f"{folder}/segnet").split(os.sep)[0][: -len("annot")]
    truth[split, os.path.splitext(os.path.basename(file))[0]] = np.array(Image.open(file))


def report(read):
    different = sum(int((mask != truth[key]).sum()) for key, mask in read.items())
    return {"images": len(read), "missing": len(truth) - len(read), "pixels": sum(m.size for m in read.values()), "different": different}


def with_datumaro(form, kind, id_of):
    dataset = dm.Dataset.import_from(f"{folder}/{form}", kind)
    labels = [label.name for label in dataset.categories()[dm.AnnotationType.label]]
    read = {}
    for item in dataset:
        key = item.subset, os.path.basename(item.id)
        mask = np.full(truth[key].shape, VOID, np.uint8)
        for annotation in item.annotations:
            mask[annotation.image.astype(bool)] = id_of(labels[annotation.label])
        read[key] = mask
    return read


def of_name(label):
    return names.index(label) if label in names else VOID


def coco():
    read = {}
    for file in glob.glob(f"{folder}/coco/annotations/instances_*.json"):
        split = os.path.basename(file)[len("instances_") : -len(".json")]
        data = COCO(file)
        for image in data.loadImgs(data.getImgIds()):
            mask = np.full((image["height"], image["width"]), VOID, np.uint8)
            for annotation in data.loadAnns(data.getAnnIds(imgIds=[image["id"]])):
                here = data.annToMask(annotation).astype(bool)
                assert here.sum() == annotation["area"]
                mask[here] = annotation["category_id"] - 1
            read[split, os.path.splitext(image["file_name"])[0]] = mask
    return read


def panoptic():
    read = {}
    for file in glob.glob(f"{folder}/coco/annotations/panoptic_*.json"):
        split = os.path.basename(file)[len("panoptic_") : -len(".json")]
        for each in json.load(open(file))["annotations"]:
            rgb = np.array(Image.open(f"{file[: -len('.json')]}/{each['file_name']}")).astype(int)
            segment = rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]
            mask = np.full(segment.shape, VOID, np.uint8)
            for info in each["segments_info"]:
                mask[segment == info["id"]] = info["category_id"] - 1
                assert (segment == info["id"]).sum() == info["area"]
            read[split, os.path.splitext(each["file_name"])[0]] = mask
    return read


def without_road(read):
    """datumaro takes the train id 0 for background and reads no road: its pixels are not compared."""
    road = names.index("Road")
    return {key: np.where(truth[key] == road, road, mask) for key, mask in read.items()}


def label_ids():
    ids = {"Sky": 23, "Building": 11, "Pole": 17, "Road": 7, "Pavement": 8, "Tree": 21, "SignSymbol": 20, "Fence": 13, "Car": 26}
    ids |= {"Pedestrian": 24, "Bicyclist": 25}
    read = {}
    for file in glob.glob(f"{folder}/cityscapes/gtFine/*/*/*_gtFine_labelIds.png"):
        values = np.array(Image.open(file))
        mask = np.full(values.shape, VOID, np.uint8)
        for name, value in ids.items():
            mask[values == value] = names.index(name)
        split = os.path.relpath(file, f"{folder}/cityscapes/gtFine").split(os.sep)[0]
        read[split, os.path.basename(file)[: -len("_gtFine_labelIds.png")]] = mask
    return read


def colour():
    read = {}
    for file in glob.glob(f"{folder}/colour/*/*.png"):
        rgb = np.array(Image.open(file))
        mask = np.full(rgb.shape[:2], VOID, np.uint8)
        for id, each in enumerate(classes):
            mask[(rgb == each["color"]).all(-1)] = id
        read[os.path.basename(os.path.dirname(file)), os.path.splitext(os.path.basename(file))[0]] = mask
    return read


# Cityscapes' own names, and what the exporter takes for them.
cityscapes = {"sky": "Sky", "building": "Building", "pole": "Pole", "road": "Road", "sidewalk": "Pavement", "vegetation": "Tree"}
cityscapes |= {"trafficsign": "SignSymbol", "fence": "Fence", "car": "Car", "person": "Pedestrian", "rider": "Bicyclist"}

print(
    json.dumps(
        {
            "camvid (datumaro)": report(with_datumaro("camvid", "camvid", of_name)),
            "voc (datumaro)": report(with_datumaro("voc", "voc_segmentation", of_name)),
            "cityscapes (datumaro)": report(
                without_road(with_datumaro("cityscapes", "cityscapes", lambda label: of_name(cityscapes.get(label, ""))))
            ),
            "cityscapes label ids (Pillow)": report(label_ids()),
            "coco run lengths (pycocotools)": report(coco()),
            "coco panoptic (Pillow)": report(panoptic()),
            "colour (Pillow)": report(colour()),
        }
    )
)
