/** The languages of the app. */
export const LANGUAGES = ['he', 'en'] as const;
/** One of them. */
export type Language = (typeof LANGUAGES)[number];

const KEY = 'prosaas.language';

/** The language on screen; `boot.js` put it on the document before the first paint. */
export function language(): Language {
  return document.documentElement.lang === 'en' ? 'en' : 'he';
}

/** Puts a language and its direction on the document, and remembers it on this device. */
export function showLanguage(next: Language): void {
  document.documentElement.lang = next;
  document.documentElement.dir = next === 'he' ? 'rtl' : 'ltr';
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
}
