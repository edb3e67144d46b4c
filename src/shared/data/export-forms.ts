/** The forms that a data set goes out in. The names are a contract that scripts build on. */
export const exportFormNames = ['segnet', 'camvid', 'voc', 'cityscapes', 'coco', 'colour'] as const;
export type ExportFormName = (typeof exportFormNames)[number];
