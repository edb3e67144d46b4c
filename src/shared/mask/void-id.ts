/** The class id that means "not labelled": left out of loss and metrics. */
export const voidId = 255;
