// Labels that are no masks: outlines and boxes as other programs write them, which a person would wait for in vain.
import path from 'node:path';
import { counted } from '#shared/counted';
import { folded } from '#shared/folded';
import { imagePattern } from '#shared/data/image-names';
import { maskFolderNames } from './folder-names.ts';
import type { FolderView } from './folder-view.ts';
import { stemOf } from './pairing.ts';

/** What labelme, Supervisely and VOC write an image: one file of its name. */
const ofOneImage = /\.(json|xml)$/i;
/** What COCO, CVAT, Roboflow and VIA write for all images. */
const ofAllImages = /^((instances|panoptic|stuff)_.*\.json|_?annotations(\.coco)?\.(json|xml)|via_.*\.json)$/i;

const called = (file: string): string => folded(imagePattern.test(stemOf(file)) ? stemOf(stemOf(file)) : stemOf(file));

/** More folders of images are looked into for nothing else. */
const mostFolders = 100;

/** The folders of images, and those beside them and in the data set's that are called as labels are. */
function foldersOf(view: FolderView, images: readonly string[]): Set<string> {
  const own = images.map((file) => path.relative(view.root, path.dirname(file)).split(path.sep).join('/') || '.');
  const folders = [...new Set(own)].slice(0, mostFolders);
  const around = [...new Set(['.', ...folders.map((folder) => path.posix.dirname(folder))])];
  const beside = around.flatMap((folder) => view.folders(folder).map((name) => path.posix.join(folder, name)));
  return new Set([...folders, ...around, ...beside.filter((folder) => maskFolderNames.test(path.posix.basename(folder)))]);
}

/** What is said of outlines of a data set's images, none of which has a mask. @param images their files */
export function outlinesText(view: FolderView, images: readonly string[]): string[] {
  const names = new Set(images.map((file) => folded(path.basename(stemOf(file)))));
  const folders = foldersOf(view, images);
  const found = [...folders].flatMap((folder) => {
    const files = view.ifReadable(() => view.files(folder), []);
    const are = (file: string) => ofAllImages.test(file) || (ofOneImage.test(file) && names.has(called(file)));
    return files.filter(are).map((file) => path.posix.join(folder, file));
  });
  if (found.length === 0) return [];
  const which = found.length === 1 ? `${found[0]} holds` : `${counted(found.length, 'file')} (the first: ${found[0]}) hold`;
  return [
    `${which} outlines or boxes, which are not read: labels are masks here, a picture for each image. Let the program that wrote them ` +
      'export masks (CVAT: "Segmentation mask 1.1"; labelme: labelme2voc.py; Label Studio: "Brush labels to PNG"; ' +
      'Roboflow: "Semantic Segmentation Masks")',
  ];
}
