import { execFileSync } from 'node:child_process';

import { expect, it } from 'vitest';

it('both languages hold every message that the source names, and no other', () => {
  expect(execFileSync(process.execPath, ['scripts/i18n.mjs'], { encoding: 'utf8' })).toContain('agree');
});
