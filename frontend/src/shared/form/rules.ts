/** Rules that several forms share, each with its sentence. Sentences are looked up when they are said. */
import { t } from 'i18next';

import { z } from '@/shared/lib/zod';

const tooLong = (max: number) => ({ error: () => t('common:forms.tooLong', { max }) });

/** A text that need not be there. */
export const optionalText = (max: number) => z.string().check(z.trim(), z.maxLength(max, tooLong(max)));

/** A text that must be there. */
export const neededText = (max: number, missing: () => string, min = 1) =>
  z.string().check(z.trim(), z.minLength(min, { error: missing }), z.maxLength(max, tooLong(max)));

/** A text that passes a test. */
export const testedText = (test: (text: string) => boolean, wrong: () => string) =>
  z.string().check(z.refine(test, { error: wrong }));

/** What people are called. */
export const personName = neededText(200, () => t('common:forms.nameNeeded'));

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** An e-mail address. */
export const email = z.string().check(
  z.trim(),
  z.refine((text) => ADDRESS.test(text), { error: () => t('common:forms.badEmail') }),
);

/** An e-mail address, or nothing. */
export const optionalEmail = z.string().check(
  z.trim(),
  z.refine((text) => text === '' || ADDRESS.test(text), { error: () => t('common:forms.badEmail') }),
);

/** A role. */
export const role = z.enum(['agent', 'manager', 'owner', 'system_admin']);

/** A new password: 8 to 128 characters and nothing else asked of it (the server refuses common ones). */
export const newPassword = z
  .string()
  .check(z.minLength(8, { error: () => t('common:forms.tooShort') }), z.maxLength(128, tooLong(128)));
