/** How a number was measured; always shown with it. */
export interface Protocol {
  split: string;
  classes: number;
  void: string;
  resolution: string;
  scales: number[];
  flip: boolean;
}
