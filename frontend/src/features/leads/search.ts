import { flag, oneOf, searchOf, text } from '@/shared/lib/search';

/** The list's address: whatever narrows or sorts it lives in the URL. */
export const leadSearch = searchOf({
  q: text(200),
  status: oneOf('new', 'contacted', 'qualified', 'won', 'lost'),
  source: oneOf('call', 'whatsapp', 'manual', 'import'),
  tag: text(50),
  sort: oneOf('created_at', 'updated_at', 'name', 'last_call'),
  order: oneOf('asc', 'desc'),
  new: flag,
});

/** What it holds. */
export type LeadSearch = ReturnType<typeof leadSearch>;
