/** What tests share: the pretended server, the width of the screen, the live stream, the app. */
import { QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router';
import { render, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { SetupServer } from 'msw/node';
import { expect } from 'vitest';

import { makeRouter } from '@/routes/router';
import { noteSession } from '@/shared/api/gate';
import { queryClient } from '@/shared/api/query';

import { type Db, ME } from '../mock/db';

export const world = {} as { db: Db; server: SetupServer };

/** Pixels; from 1024 on lists are tables. */
export const screenWidth = { current: 1280 };

/** The live stream, driven by tests. */
export class FakeEventSource extends EventTarget {
  static readonly CLOSED = 2;
  static all: FakeEventSource[] = [];
  readyState = 1;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly url: string) {
    super();
    FakeEventSource.all.push(this);
    queueMicrotask(() => this.onopen?.());
  }

  /** The server says that something changed. */
  say(kind: string, id = 'x') {
    this.dispatchEvent(new MessageEvent('update', { data: JSON.stringify({ kind, id, action: 'changed' }) }));
  }

  close() {
    this.readyState = FakeEventSource.CLOSED;
  }
}

/** The whole app at an address, with somebody logged in. */
export function renderApp(path: string, as: keyof typeof ME | null = 'owner') {
  if (as !== null) {
    world.db.me = ME[as] ?? null;
    noteSession(true);
  }
  const router = makeRouter({ history: createMemoryHistory({ initialEntries: [path] }) });
  const user = userEvent.setup();
  render(
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return { user, router };
}

/** Waits until it is there and can be seen, which are two moments: a message is placed first and faded in then. */
export const seen = (element: () => HTMLElement) => waitFor(() => expect(element()).toBeVisible());

/** Holds an answer of the pretended server back until the test lets it go. */
export function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
