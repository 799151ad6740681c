import { t } from 'i18next';

import { readNumbers, toE164 } from '@/shared/lib/phone';
import { neededText, personName } from '@/shared/form/rules';
import { z } from '@/shared/lib/zod';

/** Numbers in one line, apart by commas, each with its E.164 form. */
export function numbersOf(text: string): string[] {
  return [
    ...new Set(
      text
        .split(/[,;\n]/)
        .map((part) => part.trim())
        .filter((part) => part !== '')
        .map((part) => (readNumbers(part).length === 1 ? (toE164(part) ?? part) : part)),
    ),
  ];
}

const numbers = z.string().check(
  z.refine((text) => numbersOf(text).every((number) => toE164(number) !== null), {
    error: () => t('common:forms.badPhone'),
  }),
  z.refine((text) => numbersOf(text).every((number) => readNumbers(number).length < 2), {
    error: () => t('common:forms.splitPhones'),
  }),
);

/** A new business. */
export const businessSchema = z.object({
  name: personName,
  time_zone: neededText(64, () => t('businesses:zoneNeeded')),
  numbers,
});

/** The numbers of a business. */
export const numbersSchema = z.object({ numbers });
