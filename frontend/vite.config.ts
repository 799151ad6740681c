import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Serves MSW's worker script in `npm run dev:mock` only, so that no build ever holds it. */
function mockWorker(): Plugin {
  return {
    name: 'mock-worker',
    apply: 'serve',
    configureServer(server) {
      const script = createRequire(import.meta.url).resolve('msw/mockServiceWorker.js');
      server.middlewares.use('/mockServiceWorker.js', (_request, response) => {
        response.setHeader('content-type', 'text/javascript');
        response.end(readFileSync(script));
      });
    },
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [react(), tailwindcss(), ...(mode === 'mock' ? [mockWorker()] : [])],
  resolve: { alias: { '@': at('./src'), '#mock': at('./mock') } },
  build: {
    outDir: 'dist',
    manifest: true,
    target: 'es2022',
    // A script or font that travels inside another file would need `data:` in the CSP.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What every page needs, in a few files that compress well: the libraries, which seldom change, the
        // icons that several pages show (a file each would be a third wrapping), and the rest.
        codeSplitting: {
          groups: [
            { name: 'icons', test: /node_modules\/lucide-react\//, minShareCount: 2 },
            {
              name: 'vendor',
              test: /node_modules\/(react|react-dom|scheduler|@tanstack|i18next|react-i18next|openapi-fetch|clsx|class-variance-authority|@radix-ui\/react-slot|@radix-ui\/react-compose-refs)\//,
            },
          ],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    ...(mode === 'mock' ? {} : { proxy: { '/api': 'http://127.0.0.1:5000' } }),
  },
  preview: { host: '127.0.0.1', port: 4173 },
  test: {
    environment: 'jsdom',
    setupFiles: ['./test/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.{ts,tsx}'],
    css: false,
    // The end of a test that hangs: its waits for facts end before it (test/setup.ts).
    testTimeout: 600_000,
    hookTimeout: 120_000,
    restoreMocks: true,
  },
}));
