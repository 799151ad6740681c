import { oneOf, searchOf, text } from '@/shared/lib/search';

/** The list's address. */
export const failedSearch = searchOf({
  state: oneOf('replayed', 'discarded'),
  view: oneOf('list'),
  consumer: text(100),
  fingerprint: text(200),
  entity: text(200),
});
