import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

import he from './he.json';
import type more from './he.more.json';
import { type Language, language, showLanguage } from './language';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof he & typeof more };
    returnNull: false;
  }
}

// Hebrew's first part comes with the app; English, and the words of pages that few see
// first, come when they are needed.
const PARTS = {
  he: { first: () => Promise.resolve(he), more: async () => (await import('./he.more.json')).default },
  en: { first: async () => (await import('./en.json')).default, more: async () => (await import('./en.more.json')).default },
} as const satisfies Record<Language, Record<string, () => Promise<object>>>;

let moreWanted = false;
const loaded = new Set<string>();

async function load(next: Language, part: 'first' | 'more'): Promise<void> {
  const key = `${next}/${part}`;
  if (loaded.has(key)) return;
  const words = await PARTS[next][part]();
  i18next.addResourceBundle(next, 'translation', words, true, true);
  loaded.add(key);
}

/** Starts i18next in the language of the document. */
export async function startI18n(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: 'he',
    fallbackLng: 'he',
    resources: { he: { translation: he } },
    interpolation: { escapeValue: false },
    returnNull: false,
    // No advertisement of the library's in people's consoles.
    showSupportNotice: false,
  });
  loaded.add('he/first');
  const first = language();
  if (first !== 'he') await changeLanguage(first);
}

/** Fetches the words of settings, people, WhatsApp, operators and statements: before such a page shows. */
export async function loadMoreWords(): Promise<void> {
  moreWanted = true;
  await load(language(), 'more');
}

/** Switches the app to a language, direction included. */
export async function changeLanguage(next: Language): Promise<void> {
  await Promise.all([load(next, 'first'), ...(moreWanted ? [load(next, 'more')] : [])]);
  showLanguage(next);
  await i18next.changeLanguage(next);
}
