import { screen, waitFor } from '@testing-library/react';
import { expect, it, vi } from 'vitest';

import { scope } from '@/shared/api/scope';

import { renderApp, world } from '../../test/world';

const BUSINESS = '00000000-0000-4000-8000-000000000001';

it('keeps a system admin in a business until its page is left, whatever is pointed at', async () => {
  const asked: string[] = [];
  world.server.events.on('request:start', ({ request }) => {
    if (new URL(request.url).pathname === '/api/summary')
      asked.push(new URL(request.url).searchParams.get('business_id') ?? 'none');
  });
  const { user, router } = renderApp(`/?business=${BUSINESS}`, 'admin');
  const leave = await screen.findByRole('link', { name: 'יציאה מהעסק' });
  await screen.findByText('30 הימים האחרונים');
  // A link is looked ahead to shortly after it is pointed at.
  const lookAhead = vi.spyOn(router, 'preloadRoute');
  await user.hover(leave);
  await waitFor(() =>
    expect(lookAhead).toHaveBeenCalledWith(expect.objectContaining({ to: '/admin/businesses' })),
  );
  await Promise.all(lookAhead.mock.results.map(({ value }) => value as Promise<unknown>));
  expect(scope.get()).toBe(BUSINESS);
  await user.click(leave);
  await waitFor(() => expect(router.state.location.pathname).toBe('/admin/businesses'));
  await waitFor(() => expect(scope.get()).toBeNull());
  await screen.findByRole('heading', { level: 1, name: 'עסקים' });
  expect(new Set(asked)).toEqual(new Set([BUSINESS]));
});
