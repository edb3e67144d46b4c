/** One labelled image of a split. */
export interface Sample {
  /** Path inside the data set, without its folder of the split's kind: `train/0001TP_006690`. */
  id: string;
  imageFile: string;
  /** null where there is no label: such an image can only be predicted. */
  maskFile: string | null;
  /** Revision of the mask, where the run has recorded it. */
  revision?: string;
}
