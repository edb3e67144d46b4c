/**
 * Blurs an image in place by a separable Gaussian; the border repeats.
 * @param image float32 [height, width, 3]
 * @param sigma standard deviation in pixels, above 0
 */
export function blur(image: Float32Array, height: number, width: number, sigma: number): void {
  // Below this a neighbour weighs less than 1e-20.
  if (sigma < 0.1) return;
  const radius = Math.ceil(2.5 * sigma);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  for (let i = 0; i < weights.length; i++) weights[i] /= sum;
  for (let y = 0; y < height; y++) blurLine(image, y * width * 3, 3, width, weights);
  for (let x = 0; x < width; x++) blurLine(image, x * 3, width * 3, height, weights);
}

/** Blurs one row or column. @param stride floats between neighbours */
function blurLine(image: Float32Array, start: number, stride: number, count: number, weights: Float64Array): void {
  const radius = (weights.length - 1) / 2;
  const line = new Float64Array(count * 3);
  for (let i = 0; i < count; i++) for (let channel = 0; channel < 3; channel++) line[i * 3 + channel] = image[start + i * stride + channel];
  for (let i = 0; i < count; i++) {
    for (let channel = 0; channel < 3; channel++) {
      let value = 0;
      for (let k = -radius; k <= radius; k++) value += weights[k + radius] * line[Math.min(count - 1, Math.max(0, i + k)) * 3 + channel];
      image[start + i * stride + channel] = value;
    }
  }
}
