import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

import { PATIENCE_MS, TEST_MS } from './support/patience.ts';

/** Vitest would choose an order by what the last run noted; `ORDER=reverse` shows that none is needed. */
class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = files.toSorted((one, other) => (one.moduleId < other.moduleId ? -1 : 1));
    return Promise.resolve(process.env['ORDER'] === 'reverse' ? sorted.toReversed() : sorted);
  }
}

// The tests share one running system and one browser: one after the other, in the order of their names.
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    environment: 'node',
    include: ['e2e/**/*.e2e.ts'],
    globalSetup: ['./e2e/support/setup.ts'],
    pool: 'forks',
    fileParallelism: false,
    isolate: false,
    sequence: { sequencer: ByName, shuffle: false },
    testTimeout: TEST_MS,
    hookTimeout: TEST_MS,
    // The system drains and stops in order.
    teardownTimeout: 2 * 60_000,
    expect: { poll: { timeout: PATIENCE_MS } },
    slowTestThreshold: 10_000,
  },
});
