declare const unit: unique symbol;

/** A length or coordinate in image pixels. */
export type ImagePx = number & { readonly [unit]?: 'image' };
/** A length or coordinate in CSS pixels of the screen. */
export type ScreenPx = number & { readonly [unit]?: 'screen' };

export interface ImagePoint {
  x: ImagePx;
  y: ImagePx;
}

export interface ScreenPoint {
  x: ScreenPx;
  y: ScreenPx;
}

/** A box of whole image pixels. */
export interface Box {
  left: ImagePx;
  top: ImagePx;
  width: ImagePx;
  height: ImagePx;
}

/** The smallest box around both; either may be null. */
export function unionBox(a: Box | null, b: Box | null): Box | null {
  if (!a || !b) return a ?? b;
  const left = Math.min(a.left, b.left);
  const top = Math.min(a.top, b.top);
  return {
    left,
    top,
    width: Math.max(a.left + a.width, b.left + b.width) - left,
    height: Math.max(a.top + a.height, b.top + b.height) - top,
  };
}
