import { execFileSync } from 'node:child_process';

import { expect, it } from 'vitest';

it('each namespace holds the same messages in both languages, those that the source names and no other, and routes fetch what their pages show', () => {
  expect(execFileSync(process.execPath, ['scripts/i18n.mjs'], { encoding: 'utf8' })).toContain('agree');
});
