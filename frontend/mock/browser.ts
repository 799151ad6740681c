/** The pretended server in the browser: `npm run dev:mock`. Not part of any build. */
import { sse } from 'msw';
import { setupWorker } from 'msw/browser';

import { noteSession } from '@/shared/api/gate';

import { makeDb, ME } from './db';
import { handlers } from './handlers';

/** Starts it. `?as=owner|manager|agent|admin` logs somebody in; `?wa=<state>` sets WhatsApp's state. */
export async function startMock(): Promise<void> {
  const db = makeDb();
  const query = new URLSearchParams(location.search);
  const as = query.get('as') ?? sessionStorage.getItem('mock.as');
  if (as !== null && ME[as]) {
    sessionStorage.setItem('mock.as', as);
    db.me = ME[as];
    noteSession(true);
  }
  const state = query.get('wa');
  if (state !== null)
    db.whatsapp = {
      ...db.whatsapp,
      state: state as never,
      ...(state === 'connected' ? { phone: '+972541234567' } : {}),
    };
  const clients = new Set<(kind: string) => void>();
  const live = sse('/api/live', ({ client }) => {
    clients.add((kind) =>
      client.send({ event: 'update' as never, data: JSON.stringify({ kind, id: 'x', action: 'changed' }) }),
    );
  });
  const worker = setupWorker(live, ...handlers(db, (kind) => clients.forEach((send) => send(kind))));
  await worker.start({
    quiet: true,
    onUnhandledRequest: (request, print) =>
      new URL(request.url).pathname.startsWith('/api/') ? print.error() : undefined,
  });
}
