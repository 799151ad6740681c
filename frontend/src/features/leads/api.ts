import { formatPhone } from '@/shared/lib/phone';

import type { Lead, LeadSource, LeadStatus } from './queries';

export const STATUSES = [
  'new',
  'contacted',
  'qualified',
  'won',
  'lost',
] as const satisfies readonly LeadStatus[];

export const SOURCES = ['call', 'whatsapp', 'manual', 'import'] as const satisfies readonly LeadSource[];

/** What a lead is called: its name, else its number, else its address. */
export function leadName(lead: Pick<Lead, 'name' | 'phones' | 'email'>): string | null {
  const phone = leadPhone(lead);
  return lead.name ?? (phone === null ? lead.email : formatPhone(phone)) ?? null;
}

/** The number to call a lead on. */
export function leadPhone(lead: Pick<Lead, 'phones'>): string | null {
  const first = lead.phones[0];
  return first === undefined ? null : (first.e164 ?? first.raw);
}
