import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import en from '@/shared/i18n/en/linking.json';
import he from '@/shared/i18n/he/linking.json';

/** The codes that the WhatsApp service gives. */
const codes = () => {
  const source = readFileSync(`${process.cwd()}/../baileys/src/session/reasons.ts`, 'utf8');
  const table = /const SENTENCES = \{(.*?)\} as const/s.exec(source)?.[1] ?? '';
  return [...table.matchAll(/^ {2}(\w+): '/gm)].flatMap(([, code]) => code ?? []);
};

it('every reason of the service has words in both languages', () => {
  expect(codes()).toContain('unlinked_here_only');
  expect(Object.keys(he.why)).toEqual(expect.arrayContaining(codes()));
  expect(Object.keys(en.why)).toEqual(expect.arrayContaining(codes()));
});
