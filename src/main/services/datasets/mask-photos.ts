/** What an image's mask was made for. */
interface MadeFor {
  /** Revision of the photo that the mask was made for; null where it is not known. */
  photo: string | null;
  /** Revision of the mask; null if there is none. */
  mask: string | null;
  /** Revision of the photo as it was read last; null where it was not. */
  now: string | null;
}

/** Which photo each mask was made for: another photo in its place is named, since the mask may not fit it. */
export class MaskPhotos {
  private readonly known = new Map<string, MadeFor>();
  /** Masks of which a person says that they fit their photo as they are. */
  private readonly accepted = new Set<string>();
  /** How photos are turned before they are seen, as their files were then. */
  private readonly turns = new Map<string, { orientation: number; stamp: string }>();

  /** Takes over what the history tells. */
  remember(id: string, madeFor: MadeFor, isAccepted: boolean): void {
    this.known.set(id, madeFor);
    if (isAccepted) this.accepted.add(id);
  }

  /** The photo that is there is the one that the mask is for, whichever it is. */
  accept(id: string): void {
    this.known.delete(id);
    this.accepted.add(id);
  }

  /** @param orientation 1 … 8 as in EXIF @param stamp of the photo's file */
  isTurned(id: string, orientation: number, stamp: string): void {
    this.turns.set(id, { orientation, stamp });
  }

  /** @returns null where it is not known of the file that is there */
  orientationOf(id: string, stamp: string): number | null {
    const known = this.turns.get(id);
    return known?.stamp === stamp ? known.orientation : null;
  }

  isAccepted(id: string): boolean {
    return this.accepted.has(id);
  }

  photoFor(id: string): string | null {
    return this.known.get(id)?.photo ?? null;
  }

  /**
   * Takes what was found at an image. A mask that is new, or that another program has changed, is for the photo that is there; one that
   * was painted on here is for the one it was for.
   * @param found.photo null if it was not read
   * @returns whether the mask was made for another photo; null if that cannot be told, since no photo was read
   */
  isForAnother(id: string, { photo, mask }: Pick<MadeFor, 'photo' | 'mask'>, isOurs: boolean): boolean | null {
    const before = this.known.get(id);
    const now = photo ?? before?.now ?? null;
    const stays = before !== undefined && before.mask !== null && mask !== null && (isOurs || mask === before.mask);
    if (before && !stays) this.accepted.delete(id);
    const madeFor = stays ? (before.photo ?? now) : (now ?? before?.photo ?? null);
    this.known.set(id, { photo: madeFor, mask, now });
    if (mask === null) return false;
    return now === null ? null : madeFor !== now;
  }
}
