import './styles.css';

import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { makeRouter } from '@/routes/router';
import { ApiError, NetworkError } from '@/shared/api/problem';
import { queryClient } from '@/shared/api/query';
import { startI18n } from '@/shared/i18n';
import { startBack } from '@/shared/lib/back';
import { startTheme } from '@/shared/lib/theme';

/** An answer that the page already tells the person of is no fault of the app. */
function tell(error: unknown): void {
  if (error instanceof NetworkError || error instanceof ApiError) console.warn(error);
  else reportError(error);
}

async function start(): Promise<void> {
  if (import.meta.env.MODE === 'mock') {
    const { startMock } = await import('#mock/browser');
    await startMock();
  }
  await startI18n();
  startTheme();
  startBack();
  const root = document.getElementById('root');
  if (!root) return;
  const router = makeRouter();
  // The first page, or what went wrong with it, stands: the skeleton of index.html has done its work.
  const stop = router.subscribe('onResolved', () => {
    document.getElementById('boot')?.remove();
    stop();
  });
  createRoot(root, { onCaughtError: tell }).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
  if (import.meta.env.PROD && 'serviceWorker' in navigator) {
    // Without it the app only lacks its shell while off line.
    navigator.serviceWorker.register('/sw.js').catch(() => undefined);
  }
}

void start();
