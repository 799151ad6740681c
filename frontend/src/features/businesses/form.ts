import { t } from 'i18next';

import { toE164 } from '@/shared/lib/phone';
import { neededText, personName, testedText } from '@/shared/form/rules';
import { z } from '@/shared/lib/zod';

/** Numbers in one line, apart by commas, each with its E.164 form. */
export function numbersOf(text: string): string[] {
  return [...new Set(text.split(/[,;\n]/).map((part) => part.trim()).filter((part) => part !== '').map((part) => toE164(part) ?? part))];
}

const numbers = testedText((text) => numbersOf(text).every((number) => toE164(number) !== null), () => t('leads.form.badPhone'));

/** A new business. */
export const businessSchema = z.object({
  name: personName,
  time_zone: neededText(64, () => t('businesses.zoneNeeded')),
  numbers,
});

/** The numbers of a business. */
export const numbersSchema = z.object({ numbers });
