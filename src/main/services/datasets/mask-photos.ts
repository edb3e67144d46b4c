/** What an image's mask was made for. */
interface MadeFor {
  /** Revision of the photo; null where it is not known. */
  photo: string | null;
  /** Revision of the mask; null if there is none. */
  mask: string | null;
}

/** Which photo each mask was made for: another photo in its place is named, since the mask may not fit it. */
export class MaskPhotos {
  private readonly known = new Map<string, MadeFor>();

  /** Takes over what the history tells. */
  remember(id: string, madeFor: MadeFor): void {
    this.known.set(id, madeFor);
  }

  /** The photo that is there is the one that the mask is for, whichever it is. */
  accept(id: string): void {
    this.known.delete(id);
  }

  photoFor(id: string): string | null {
    return this.known.get(id)?.photo ?? null;
  }

  /**
   * Takes what was found at an image. A mask that has changed together with its photo, or is new, is for the photo that is there.
   * @param photo null if it was not read
   * @returns whether the mask was made for another photo; null if that cannot be told, since the photo was not read
   */
  isForAnother(id: string, { photo, mask }: MadeFor): boolean | null {
    const before = this.known.get(id);
    const isForBefore = mask !== null && (photo === null || mask === before?.mask);
    const madeFor = (isForBefore ? before?.photo : null) ?? photo;
    this.known.set(id, { photo: madeFor, mask });
    return mask === null ? false : photo === null ? null : madeFor !== photo;
  }
}
