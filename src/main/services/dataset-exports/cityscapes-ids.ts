import { builtInClassSet } from '../class-sets/class-set.ts';

/** What others call the classes of Cityscapes, in small letters without marks. */
const alsoCalled = Object.entries({
  pavement: 'sidewalk',
  columnpole: 'pole',
  signsymbol: 'traffic sign',
  trafficlight: 'traffic light',
  tree: 'vegetation',
  vegetationmisc: 'vegetation',
  pedestrian: 'person',
  child: 'person',
  bicyclist: 'rider',
  suvpickuptruck: 'truck',
  truckbus: 'truck',
  motorcyclescooter: 'motorcycle',
  lanemkgsdriv: 'road',
  lanemkgsnondriv: 'ground',
  roadshoulder: 'ground',
  parkingblock: 'parking',
});
const cityscapesNames: ReadonlyMap<string, string> = new Map(alsoCalled);

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');

/** Cityscapes' ids of classes by their names; 0 and 255, unlabeled, where it has no such class. */
export function cityscapesIds(names: readonly string[]): { labelIds: number[]; trainIds: number[]; missing: string[] } {
  const idsIn = (set: 'cityscapes-34' | 'cityscapes-19', none: number) => {
    const values = new Map(builtInClassSet(set).classes.map(({ name, value = 0 }) => [plain(name), value]));
    return names.map((name) => values.get(plain(name)) ?? values.get(plain(cityscapesNames.get(plain(name)) ?? '')) ?? none);
  };
  const [labelIds, trainIds] = [idsIn('cityscapes-34', 0), idsIn('cityscapes-19', 255)];
  return { labelIds, trainIds, missing: names.filter((_, index) => labelIds[index] === 0) };
}
