import { z } from '@/shared/lib/zod';

/** The list's address. */
export const failedSearch = z.object({
  state: z.enum(['replayed', 'discarded']).optional().catch(undefined),
  view: z.enum(['list']).optional().catch(undefined),
  consumer: z.string().max(100).optional().catch(undefined),
  fingerprint: z.string().max(200).optional().catch(undefined),
  entity: z.string().max(200).optional().catch(undefined),
});
