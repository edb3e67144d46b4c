// Must be the page's first import: libraries format numbers in the browser's language while they load, and throw on one that is none.

/** Whether numbers can be formatted in a language. Browsers pass on what the system says, such as `en-US@posix` for LANG=C. */
function isKnown(language: string): boolean {
  try {
    new Intl.NumberFormat(language);
    return true;
  } catch {
    // The very case that this file is for.
    return false;
  }
}

/** The part of a language tag that can be used: `en-US` of `en-US@posix`, English if nothing can. */
function usableLanguage(language: string): string {
  const plain = language.replace(/[@.].*$/, '').replace('_', '-');
  return [language, plain].find((candidate) => candidate !== '' && isKnown(candidate)) ?? 'en';
}

if (typeof navigator !== 'undefined' && usableLanguage(navigator.language) !== navigator.language) {
  Object.defineProperty(navigator, 'language', { value: usableLanguage(navigator.language), configurable: true });
}
