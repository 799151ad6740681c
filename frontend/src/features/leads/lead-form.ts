import { t } from 'i18next';

import { z } from '@/shared/lib/zod';

/** Numbers or tags written in one line, apart by commas. */
export function splitList(text: string): string[] {
  return [...new Set(text.split(/[,;\n]/).map((part) => part.trim()).filter((part) => part !== ''))];
}

const phones = z
  .string()
  .refine((text) => splitList(text).length <= 10, { error: () => t('leads.form.tooManyPhones') })
  .refine((text) => splitList(text).every((phone) => /^[+\d][\d\s().\-*#]{2,}$/.test(phone)), { error: () => t('leads.form.badPhone') });

/** An address, or nothing. */
const email = z.string().trim().refine((text) => text === '' || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text), { error: () => t('leads.form.badEmail') });

/** What a person writes of a new lead. Somebody must be reachable or have a name. */
export const newLeadSchema = z
  .object({
    name: z.string().trim().max(200, { error: () => t('forms.tooLong', { max: 200 }) }),
    phones,
    email,
    notes: z.string().max(20_000, { error: () => t('forms.tooLong', { max: 20_000 }) }),
  })
  .refine((lead) => lead.name !== '' || lead.phones.trim() !== '' || lead.email !== '', { path: ['name'], error: () => t('leads.form.nameOrPhone') });

/** The same, as typed. */
export type NewLead = z.infer<typeof newLeadSchema>;

/** Each field of a lead that is edited in place, with its own rule. */
export const fieldSchemas = {
  name: z.string().trim().max(200, { error: () => t('forms.tooLong', { max: 200 }) }),
  phones,
  email,
  tags: z
    .string()
    .refine((text) => splitList(text).length <= 20 && splitList(text).every((tag) => tag.length <= 50), { error: () => t('leads.form.badTags') }),
  notes: z.string().max(20_000, { error: () => t('forms.tooLong', { max: 20_000 }) }),
} as const;

/** A field that is edited in place. */
export type FieldName = keyof typeof fieldSchemas;
