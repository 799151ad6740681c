import { z } from '@/shared/lib/zod';

/** The list's address: whatever narrows or sorts it lives in the URL. Nonsense is dropped, never an error. */
export const leadSearch = z.object({
  q: z.string().max(200).optional().catch(undefined),
  status: z.enum(['new', 'contacted', 'qualified', 'won', 'lost']).optional().catch(undefined),
  source: z.enum(['call', 'whatsapp', 'manual', 'import']).optional().catch(undefined),
  tag: z.string().max(50).optional().catch(undefined),
  sort: z.enum(['created_at', 'updated_at', 'name', 'last_call']).optional().catch(undefined),
  order: z.enum(['asc', 'desc']).optional().catch(undefined),
  new: z.boolean().optional().catch(undefined),
});

/** What it holds. */
export type LeadSearch = z.infer<typeof leadSearch>;
