import { z } from '@/shared/lib/zod';

/** The list's address. */
export const userSearch = z.object({
  q: z.string().max(200).optional().catch(undefined),
  role: z.enum(['agent', 'manager', 'owner', 'system_admin']).optional().catch(undefined),
  deleted: z.enum(['only']).optional().catch(undefined),
});
