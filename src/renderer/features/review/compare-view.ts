/** How one looks at the images under review: it stays from one to the next. */
export interface CompareView {
  /** Whether the class that was chosen among the scores is shown alone. */
  alone: boolean;
  /** Which of them is shown where one is. */
  single: 'label' | 'prediction';
  /** Up to which share of the width the label is seen where one lies over the other. */
  wipe: number;
}

export const freshView = (): CompareView => ({ alone: false, single: 'label', wipe: 0.5 });
