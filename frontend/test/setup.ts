import '@testing-library/jest-dom/vitest';

import { cleanup, configure, waitFor } from '@testing-library/react';
import i18next from 'i18next';
import { setupServer } from 'msw/node';
import { toast } from 'sonner';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';

import { noteSession, settleLogin } from '@/shared/api/gate';
import { queryClient } from '@/shared/api/query';
import { scope } from '@/shared/api/scope';
import { startI18n } from '@/shared/i18n';
import { startBack } from '@/shared/lib/back';

import { makeDb } from '../mock/db';
import { handlers } from '../mock/handlers';
import { FakeEventSource, screenWidth, world } from './world';

// Pages and dialogs are fetched when they first show, and slow or busy machines take their time.
configure({
  asyncUtilTimeout: 60_000,
  getElementError: (message) => new Error(message?.split('\n')[0] ?? ''),
});

const nothing = () => undefined;
const wordless = new Set<string>();

// What jsdom lacks and browsers have.
vi.stubGlobal('EventSource', FakeEventSource);
vi.stubGlobal('scrollTo', () => undefined);
vi.stubGlobal(
  'IntersectionObserver',
  class {
    observe = nothing;
    disconnect = nothing;
  },
);
vi.stubGlobal(
  'ResizeObserver',
  class {
    observe = nothing;
    unobserve = nothing;
    disconnect = nothing;
  },
);
vi.stubGlobal('matchMedia', (query: string) => ({
  matches: query.includes('min-width')
    ? screenWidth.current >= 16 * Number(/min-width: (\d+)rem/.exec(query)?.[1])
    : query.includes('reduce'),
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
}));
Element.prototype.scrollIntoView = () => undefined;
Element.prototype.hasPointerCapture = () => false;
Element.prototype.setPointerCapture = () => undefined;
Element.prototype.releasePointerCapture = () => undefined;

export const server = setupServer();
world.server = server;

beforeAll(async () => {
  document.documentElement.lang = 'he';
  document.documentElement.dir = 'rtl';
  // A request that no answer was written for is a mistake.
  server.listen({ onUnhandledRequest: 'error' });
  await startI18n();
  startBack();
  // Words that are not there when they are shown: misspelt, or of a namespace that nobody fetched.
  i18next.options.saveMissing = true;
  i18next.on('missingKey', (_languages, namespace, key, shown) => {
    if (shown === key) wordless.add(`${namespace}:${key}`);
  });
});

beforeEach(() => {
  world.db = makeDb();
  server.use(...handlers(world.db));
});

afterEach(async () => {
  // Messages outlive the app that showed them.
  toast.dismiss();
  cleanup();
  // A dialog that was open gives its entry of the history back soon after.
  await new Promise((done) => setTimeout(done));
  const opened = () => (history.state as { sheet?: { sheets: number } } | null)?.sheet?.sheets ?? 0;
  await waitFor(() => expect(opened()).toBe(0));
  server.resetHandlers();
  server.events.removeAllListeners();
  settleLogin(false);
  noteSession(false);
  scope.set(null);
  queryClient.clear();
  sessionStorage.clear();
  localStorage.clear();
  screenWidth.current = 1280;
  FakeEventSource.all = [];
  const missed = [...wordless];
  wordless.clear();
  expect(missed).toEqual([]);
});

afterAll(() => server.close());
