/**
 * Takes over what was remembered, as far as it is still kept: what another version kept besides is left.
 * @param kept what is kept now, by the same names
 */
export function takeRemembered<T extends object>(into: T, kept: Partial<T>, remembered: Partial<T>): void {
  for (const name of Object.keys(kept) as (keyof T)[]) {
    const value = remembered[name];
    if (value !== undefined) into[name] = value;
  }
}
