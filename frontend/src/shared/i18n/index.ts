import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

import he from './he.json';
import { type Language, language, showLanguage } from './language';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof he };
    returnNull: false;
  }
}

/** Loads a catalogue that is not in the first bundle. */
async function load(next: Language): Promise<void> {
  if (next === 'en' && !i18next.hasResourceBundle('en', 'translation')) {
    const catalogue = await import('./en.json');
    i18next.addResourceBundle('en', 'translation', catalogue.default);
  }
}

/** Starts i18next in the language of the document. */
export async function startI18n(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: 'he',
    fallbackLng: 'he',
    resources: { he: { translation: he } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  const first = language();
  if (first !== 'he') {
    await load(first);
    await i18next.changeLanguage(first);
  }
}

/** Switches the app to a language, direction included. */
export async function changeLanguage(next: Language): Promise<void> {
  await load(next);
  showLanguage(next);
  await i18next.changeLanguage(next);
}
