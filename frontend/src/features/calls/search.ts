import { z } from '@/shared/lib/zod';

/** The list's address. */
export const callSearch = z.object({
  show: z.enum(['missed', 'answered']).optional().catch(undefined),
  number: z.string().max(40).optional().catch(undefined),
});
