import { t } from 'i18next';

import { optionalEmail, optionalText, testedText } from '@/shared/form/rules';
import { readNumbers } from '@/shared/lib/phone';
import { z } from '@/shared/lib/zod';

import { splitList } from './split-list';

const phones = z.string().check(
  z.refine((text) => splitList(text).length <= 10, { error: () => t('leads:form.tooManyPhones') }),
  // A text without a number is kept as it is written: somebody may know more later.
  z.refine((text) => splitList(text).every((phone) => /\p{Nd}/u.test(phone)), {
    error: () => t('common:forms.badPhone'),
  }),
  z.refine((text) => splitList(text).every((phone) => readNumbers(phone).length < 2), {
    error: () => t('common:forms.splitPhones'),
  }),
);

/** Each field of a lead that is edited in place, with its own rule. */
export const fieldSchemas = {
  name: optionalText(200),
  phones,
  email: optionalEmail,
  tags: testedText(
    (text) => splitList(text).length <= 20 && splitList(text).every((tag) => tag.length <= 50),
    () => t('leads:form.badTags'),
  ),
  notes: optionalText(20_000),
} as const;

/** A field that is edited in place. */
export type FieldName = keyof typeof fieldSchemas;

/** What a person writes of a new lead. Somebody must be reachable or have a name. */
export const newLeadSchema = z
  .object({ name: fieldSchemas.name, phones, email: fieldSchemas.email, notes: fieldSchemas.notes })
  .check(
    z.refine((lead) => lead.name !== '' || lead.phones.trim() !== '' || lead.email !== '', {
      path: ['name'],
      error: () => t('leads:form.nameOrPhone'),
    }),
  );

/** The same, as typed. */
export type NewLead = z.infer<typeof newLeadSchema>;
