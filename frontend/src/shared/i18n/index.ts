import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

import common from './he/common.json';
import { type Language, language, showLanguage } from './language';
import type { Namespace, Words } from './namespaces';

declare module 'i18next' {
  interface CustomTypeOptions {
    // Every key says its namespace; one that does not would be of the first.
    defaultNS: ['common', ...Namespace[]];
    resources: Words;
    returnNull: false;
  }
}

// Hebrew's common words come with the app; all others are fetched beside the code that shows them.
const FILES = import.meta.glob<object>(['./*/*.json', '!./he/common.json'], { import: 'default' });

const wanted = new Set<Namespace>(['common']);
const loaded = new Set(['he/common']);

async function load(next: Language, namespace: Namespace): Promise<void> {
  const key = `${next}/${namespace}`;
  const fetched = loaded.has(key) ? undefined : await FILES[`./${key}.json`]?.();
  if (fetched === undefined) return;
  i18next.addResourceBundle(next, namespace, fetched);
  loaded.add(key);
}

/** Starts i18next in the language of the document. */
export async function startI18n(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: 'he',
    fallbackLng: 'he',
    defaultNS: 'common',
    resources: { he: { common } },
    interpolation: { escapeValue: false },
    returnNull: false,
    // No advertisement of the library's in people's consoles.
    showSupportNotice: false,
  });
  const first = language();
  if (first !== 'he') await changeLanguage(first);
}

/** Fetches the words of features: before anything of them shows. */
export async function loadWords(...namespaces: Namespace[]): Promise<void> {
  for (const namespace of namespaces) wanted.add(namespace);
  await Promise.all(namespaces.map((namespace) => load(language(), namespace)));
}

/** Switches the app to a language, direction included. */
export async function changeLanguage(next: Language): Promise<void> {
  await Promise.all([...wanted].map((namespace) => load(next, namespace)));
  showLanguage(next);
  await i18next.changeLanguage(next);
}
