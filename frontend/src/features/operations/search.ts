import { oneOf, searchOf, text } from '@/shared/lib/search';

/** The list's address. */
export const failedSearch = searchOf({
  state: oneOf('replaying', 'replayed', 'discarded'),
  view: oneOf('list'),
  worker: text(100),
  fingerprint: text(200),
  entity: text(200),
});

/** What it holds. */
export type FailedSearch = ReturnType<typeof failedSearch>;
