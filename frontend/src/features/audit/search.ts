import { z } from '@/shared/lib/zod';

const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/).optional().catch(undefined);

/** The search's address. */
export const auditSearch = z.object({
  action: z.string().max(100).optional().catch(undefined),
  entity: z.string().max(100).optional().catch(undefined),
  from: day,
  to: day,
});

/** What it holds. */
export type AuditSearch = z.infer<typeof auditSearch>;
