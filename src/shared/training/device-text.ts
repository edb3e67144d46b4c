/** The device that a trainer found, and why it is no GPU. */
export const deviceText = ({ device, whyNoGpu }: { device: string; whyNoGpu: string | null }): string =>
  whyNoGpu === null ? device : `${device} (${whyNoGpu})`;
