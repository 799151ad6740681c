import { t } from 'i18next';

import { toE164 } from '@/shared/lib/phone';
import { z } from '@/shared/lib/zod';

/** Numbers in one line, apart by commas, each with its E.164 form. */
export function numbersOf(text: string): string[] {
  return [...new Set(text.split(/[,;\n]/).map((part) => part.trim()).filter((part) => part !== '').map((part) => toE164(part) ?? part))];
}

const numbers = z.string().refine((text) => numbersOf(text).every((number) => toE164(number) !== null), { error: () => t('leads.form.badPhone') });

/** A new business. */
export const businessSchema = z.object({
  name: z.string().trim().min(1, { error: () => t('forms.nameNeeded') }).max(200),
  time_zone: z.string().min(1),
  numbers,
});

/** The numbers of a business. */
export const numbersSchema = z.object({ numbers });
