/** Megabytes in words. */
export const memoryText = (megabytes: number): string =>
  megabytes < 1000 ? `${Math.round(megabytes)} MB` : `${(megabytes / 1024).toFixed(1)} GB`;
