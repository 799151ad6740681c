import { createMemoryHistory } from '@tanstack/react-router';
import { screen, waitFor } from '@testing-library/react';
import { expect, it } from 'vitest';

import { http } from '#mock/http';
import { noteSession } from '@/shared/api/gate';
import { queryClient } from '@/shared/api/query';
import { scope } from '@/shared/api/scope';

import { ME } from '../../mock/db';
import { renderApp, world } from '../../test/world';
import { makeRouter } from './router';

const BUSINESS = '00000000-0000-4000-8000-000000000001';
const LEAD = '0198a000-0000-7000-8000-000000000005';
const CALL = `CA${'5'.padStart(32, '0')}`;

/** Every request from now on, as method and address. */
function asked(): Set<string> {
  const all = new Set<string>();
  world.server.events.on('request:start', ({ request }) => {
    const { pathname, search } = new URL(request.url);
    all.add(`${request.method} ${pathname}${search}`);
  });
  return all;
}

/** What depends on an answer, and so cannot be asked for before it. */
const LATER = /\/settings\/preview$|\/replays\/[^/]+\/items/;

const PAGES = [
  ['owner', '/'],
  ['owner', '/leads?q=5&status=new&sort=name&order=asc'],
  ['owner', '/leads/trash'],
  ['owner', `/leads/${LEAD}`],
  ['owner', '/calls?show=missed&number=0541234567'],
  ['owner', `/calls/${CALL}`],
  ['owner', '/whatsapp'],
  ['owner', '/team'],
  ['agent', '/whatsapp'],
  ['manager', '/team'],
  ['owner', '/audit?action=lead.create&from=2026-11-01&to=2026-11-02'],
  ['owner', '/settings/answering'],
  ['owner', '/settings/hours'],
  ['owner', '/settings/numbers'],
  ['owner', '/settings/account'],
  ['admin', `/?business=${BUSINESS}`],
  ['admin', `/team?business=${BUSINESS}`],
  ['admin', '/admin/failed'],
  ['admin', '/admin/failed?view=list'],
  ['admin', '/admin/failed?worker=calls&fingerprint=f1&state=replayed'],
  ['admin', '/admin/failed/0198a000-0000-7000-8000-000000004101'],
  ['admin', '/admin/replays/0198a000-0000-7000-8000-000000000400'],
  ['admin', '/admin/workers'],
  ['admin', '/admin/users?q=a&role=owner'],
  ['admin', '/admin/businesses?q=a'],
  ['admin', '/admin/audit?entity=x'],
  ['admin', '/admin/unowned'],
] as const;

it.each(PAGES)(
  'all that the page of an %s at %s shows is asked for while its code is on the way',
  async (who, path) => {
    const ahead = asked();
    world.db.me = ME[who] ?? null;
    noteSession(true);
    // The routes alone: no page is there to ask.
    await makeRouter({ history: createMemoryHistory({ initialEntries: [path] }) }).load();
    await waitFor(() => expect(queryClient.isFetching()).toBe(0));
    world.server.events.removeAllListeners();
    queryClient.clear();
    scope.set(null);

    const all = asked();
    renderApp(path, who);
    await screen.findByRole('heading', { level: 1 });
    await waitFor(() => expect(queryClient.isFetching()).toBe(0));
    expect(ahead.size).toBeGreaterThan(1);
    expect([...all].filter((one) => !LATER.test(one)).sort()).toEqual([...ahead].sort());
  },
);

it('a page that is asked for in vain says so itself, and tries again', async () => {
  let broken = true;
  world.server.use(
    http.get('/api/admin/workers', ({ response }) =>
      broken
        ? response.untyped(new Response(null, { status: 404 }))
        : response(200).json({ items: world.db.workers }),
    ),
  );
  const { user } = renderApp('/admin/workers', 'admin');
  // Title and frame are there: it is the page that says it, not the error of a route.
  const again = await screen.findByRole('button', { name: 'ניסיון נוסף' });
  expect(screen.getByRole('heading', { level: 1, name: 'עובדים' })).toBeVisible();
  broken = false;
  await user.click(again);
  expect(await screen.findByRole('row', { name: /^recordings/ })).toBeVisible();
});

it('a link into a business asks for nothing until it is followed', async () => {
  const { router } = renderApp('/admin/businesses', 'admin');
  await screen.findByRole('heading', { level: 1, name: 'עסקים' });
  const all = asked();
  await router.preloadRoute({ to: '/', search: { business: BUSINESS } });
  expect(all).toEqual(new Set());
  await router.navigate({ to: '/', search: { business: BUSINESS } });
  await screen.findByRole('heading', { name: '30 הימים האחרונים' });
  expect(
    [...all].filter((one) => /summary|leads|calls|whatsapp/.test(one) && !one.includes(BUSINESS)),
  ).toEqual([]);
});
