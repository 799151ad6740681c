import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

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
    testTimeout: 60_000,
    hookTimeout: 60_000,
    slowTestThreshold: 10_000,
    sequence: { shuffle: false },
  },
});
