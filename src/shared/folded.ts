/** A name as most programs write it: macOS writes accents as letters of their own. */
export const composed = (name: string): string => name.normalize('NFC');

/** What the disks of some systems take for the same name: in any case, however its accents are written. */
export const folded = (name: string): string => composed(name).toLowerCase();
