"""Writes scores.json: what scikit-learn says of drawn labels and predictions.

Usage: make_scores.py > scores.json   (pip install scikit-learn; made with scikit-learn 1.9.1)
255 is void and left out, as everywhere; a class in neither label nor prediction has no score.
"""
import json
import numpy as np
import sklearn
from sklearn.metrics import accuracy_score, confusion_matrix, jaccard_score, precision_score, recall_score

CLASSES, VOID = 6, 255
random = np.random.default_rng(41)
images = []
for n in range(4):
    label = random.choice([0, 1, 2, 3, VOID], size=300, p=[0.5, 0.2, 0.15, 0.05, 0.1])
    # Class 4 is predicted and never labelled, class 5 neither.
    guess = np.where(random.random(300) < 0.7, np.where(label == VOID, 0, label), random.choice([0, 1, 2, 3, 4], size=300))
    images.append((label, guess))
label, guess = (np.concatenate([image[k] for image in images]) for k in (0, 1))
known = label != VOID
label, guess = label[known], guess[known]
ids = list(range(CLASSES))


def each(score):
    """A class whose score is what a division by zero is said to be has none."""
    low, high = (score(label, guess, labels=ids, average=None, zero_division=value) for value in (0, 1))
    return [None if one != other else float(one) for one, other in zip(low, high)]


iou = each(jaccard_score)
told = {
    "made_with": f"scikit-learn {sklearn.__version__}",
    "classes": CLASSES,
    "images": [{"label": l.tolist(), "prediction": p.tolist()} for l, p in images],
    "confusion": confusion_matrix(label, guess, labels=ids).tolist(),
    "accuracy": float(accuracy_score(label, guess)),
    "iou": iou,
    "miou": float(np.mean([value for value in iou if value is not None])),
    "precision": each(precision_score),
    "recall": each(recall_score),
}
print(json.dumps(told))
