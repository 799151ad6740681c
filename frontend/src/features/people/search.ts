import { oneOf, searchOf, text } from '@/shared/lib/search';

/** The list's address. */
export const userSearch = searchOf({
  q: text(200),
  role: oneOf('agent', 'manager', 'owner', 'system_admin'),
  deleted: oneOf('only'),
});

/** What it holds. */
export type UserSearch = ReturnType<typeof userSearch>;
