import { createRoute, lazyRouteComponent, redirect, retainSearchParams } from '@tanstack/react-router';

import { settingsQuery } from '@/features/settings/queries';
import { queryClient } from '@/shared/api/query';
import { scope } from '@/shared/api/scope';
import type { Schemas } from '@/shared/api/types';
import { meQuery } from '@/shared/api/session';
import { can, type Right } from '@/shared/lib/rights';
import { like, searchOf } from '@/shared/lib/search';

import { begin } from './begin';
import { rootRoute } from './root';

/** Which business a system admin looks into. */
const appSearch = searchOf({ business: like(/^[0-9a-f-]{36}$/) });

/** Everything behind the login. */
export const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'app',
  validateSearch: appSearch,
  search: { middlewares: [retainSearchParams(['business'])] },
  beforeLoad: async ({ search, location, preload }) => {
    const me = await queryClient.query({ ...meQuery, staleTime: 'static' });
    if (!me) throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } });
    const business = me.role === 'system_admin' ? (search.business ?? null) : null;
    // Named before the next page asks for anything. A business that is left goes with its page
    // (below): without it that page would ask in vain. A link only pointed at changes nothing.
    if (business !== null && !preload) scope.set(business);
    return { me, business };
  },
  onEnter: ({ context }) => scope.set(context.business),
  onStay: ({ context }) => scope.set(context.business),
  loader: (at) => {
    const { business } = at.context;
    begin(at, (client) => (business === null ? [] : [client.query(settingsQuery(business))]));
  },
  component: lazyRouteComponent(() => import('@/features/shell/shell'), 'Shell'),
});

/** The business that a page is about: the person's own, or the one that a system admin looks into. */
export function businessOf({ me, business }: Guarded['context']): string {
  // Below `inBusiness` there is one.
  return me.business?.id ?? business ?? '';
}

interface Guarded {
  context: { me: Schemas['Me']; business: string | null };
  location: { pathname: string };
}

/** Lets only those in who have a right; the server decides anyway. */
export function needs(right: Right) {
  return ({ context }: Guarded) => {
    if (!can(context.me.role, right)) throw redirect({ to: '/' });
  };
}

/** Pages about one business: a system admin who looks into none is sent to choose. */
export function inBusiness(right: Right = 'readCrm') {
  return ({ context, location }: Guarded) => {
    if (context.me.role === 'system_admin' && context.business === null) {
      throw redirect({ to: location.pathname === '/' ? '/admin/failed' : '/admin/businesses' });
    }
    if (!can(context.me.role, right)) throw redirect({ to: '/' });
  };
}
