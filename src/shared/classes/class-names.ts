/** The first name that another class has too; null if each has its own. */
export const doubledName = (names: readonly string[]): string | null => names.find((name, index) => names.indexOf(name) !== index) ?? null;

/** The first name that is the window's word for void, which would be taken for it; null without one. */
export const voidsName = (names: readonly string[]): string | null => names.find((name) => /^not labelled$/i.test(name.trim())) ?? null;

/** Whether a list of classes means by this name what is not labelled. */
export const isVoidName = (name: string): boolean => /^(void|unlabell?ed|not labelled|ignored?)$/i.test(name.trim());
