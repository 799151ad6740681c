import { like, searchOf, text } from '@/shared/lib/search';

const day = like(/^\d{4}-\d{2}-\d{2}$/);

/** The search's address. */
export const auditSearch = searchOf({
  action: text(100),
  actor: like(/^[\da-f-]{36}$/),
  entity: text(100),
  from: day,
  to: day,
});

/** What it holds. */
export type AuditSearch = ReturnType<typeof auditSearch>;
