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
  const line = new Float64Array((Math.max(height, width) + 2 * radius) * 3);
  for (let y = 0; y < height; y++) blurLine(image, y * width * 3, 3, width, weights, line);
  for (let x = 0; x < width; x++) blurLine(image, x * 3, width * 3, height, weights, line);
}

/**
 * Blurs one row or column.
 * @param stride floats between neighbours
 * @param line room for the row or column with its border repeated
 */
function blurLine(image: Float32Array, start: number, stride: number, count: number, weights: Float64Array, line: Float64Array): void {
  const radius = (weights.length - 1) / 2;
  for (let i = 0; i < count + 2 * radius; i++) {
    const from = start + Math.min(count - 1, Math.max(0, i - radius)) * stride;
    for (let channel = 0; channel < 3; channel++) line[i * 3 + channel] = image[from + channel];
  }
  for (let i = 0; i < count; i++) {
    const to = start + i * stride;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let k = 0, from = i * 3; k < weights.length; k++, from += 3) {
      const weight = weights[k];
      red += weight * line[from];
      green += weight * line[from + 1];
      blue += weight * line[from + 2];
    }
    image[to] = red;
    image[to + 1] = green;
    image[to + 2] = blue;
  }
}
