/** An image of a data set and where its mask is or would be. */
export interface LocatedImage {
  /** `<source>/<name>` without extension; it stays when the image goes to another split. */
  id: string;
  split: string;
  name: string;
  imageFile: string;
  maskFile: string;
}
