import { takeRemembered } from './take-remembered.ts';

/** How things are shown, over images, places and starts; nothing of it changes a label. */
export interface RememberedViewing {
  opacity: number;
  brightness: number;
  contrast: number;
  gamma: number;
  contours: boolean;
  grid: boolean;
  ofDataset: boolean;
}

export class Viewing {
  opacity = $state(0.55);
  /** Of the photo: 1 leaves it as it is, of contrast and gamma too. */
  brightness = $state(1);
  contrast = $state(1);
  gamma = $state(1);
  /** Whether the mask is shown by its contours alone. */
  contours = $state(false);
  /** Whether pixels have lines between them where they are large. */
  grid = $state(true);
  /** Whether shares are told of the data set, not of the image. */
  ofDataset = $state(false);
  maskHidden = $state(false);
  /** Whether the class in hand is shown alone. */
  solo = $state(false);

  restore(remembered: Partial<RememberedViewing>): void {
    takeRemembered<RememberedViewing>(this, this.remembered, remembered);
  }

  get remembered(): RememberedViewing {
    const { opacity, brightness, contrast, gamma, contours, grid, ofDataset } = this;
    return { opacity, brightness, contrast, gamma, contours, grid, ofDataset };
  }

  /** Whether the photo is shown otherwise than it is. */
  get isPhotoChanged(): boolean {
    return this.brightness !== 1 || this.contrast !== 1 || this.gamma !== 1;
  }

  resetPhoto(): void {
    [this.brightness, this.contrast, this.gamma] = [1, 1, 1];
  }
}
