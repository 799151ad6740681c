import { expect, it } from 'vitest';

import { claimDrafts } from './draft';

it('keeps what one person typed, and shows it to nobody else on the device', () => {
  sessionStorage.setItem('prosaas.draft.new-lead', '{"name":"דנה"}');
  claimDrafts('one');
  // The same person again, after a session that ended.
  claimDrafts('one');
  expect(sessionStorage.getItem('prosaas.draft.new-lead')).not.toBeNull();
  claimDrafts('two');
  expect(sessionStorage.getItem('prosaas.draft.new-lead')).toBeNull();
});
