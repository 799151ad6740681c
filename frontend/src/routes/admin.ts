import { createRoute, lazyRouteComponent } from '@tanstack/react-router';

import { auditFilter, auditQuery } from '@/features/audit/queries';
import { auditSearch } from '@/features/audit/search';
import { businessesQuery } from '@/features/businesses/queries';
import { businessSearch } from '@/features/businesses/search';
import { unownedCallsQuery } from '@/features/calls/queries';
import {
  deadLetterQuery,
  deadLettersQuery,
  failedFilter,
  groupsQuery,
  oneByOne,
  replayQuery,
  replaysQuery,
  twilioErrorsQuery,
  workersQuery,
} from '@/features/operations/queries';
import { failedSearch } from '@/features/operations/search';
import { userFilter, usersQuery } from '@/features/people/queries';
import { userSearch } from '@/features/people/search';
import { loadWords } from '@/shared/i18n';

import { appRoute, needs } from './app';
import { begin } from './begin';

const failed = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/failed',
  validateSearch: failedSearch,
  beforeLoad: needs('administer'),
  loaderDeps: ({ search }) => ({ single: oneByOne(search), filter: failedFilter(search) }),
  loader: (at) => {
    begin(at, (client) =>
      at.deps.single
        ? [client.infiniteQuery(deadLettersQuery(at.deps.filter))]
        : [client.query(groupsQuery(at.deps.filter.state)), client.query(replaysQuery())],
    );
    return loadWords('operations');
  },
  component: lazyRouteComponent(() => import('@/features/operations/failed-page'), 'FailedPage'),
});

const deadLetter = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/failed/$id',
  beforeLoad: needs('administer'),
  loader: (at) => {
    begin(at, (client) => [client.query(deadLetterQuery(at.params.id, false))]);
    return loadWords('operations');
  },
  component: lazyRouteComponent(() => import('@/features/operations/dead-letter-page'), 'DeadLetterPage'),
});

const replay = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/replays/$id',
  beforeLoad: needs('administer'),
  loader: (at) => {
    begin(at, (client) => [client.query(replayQuery(at.params.id))]);
    return loadWords('operations');
  },
  component: lazyRouteComponent(() => import('@/features/operations/replay-page'), 'ReplayPage'),
});

const workers = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/workers',
  beforeLoad: needs('administer'),
  loader: (at) => {
    begin(at, (client) => [client.query(workersQuery()), client.query(twilioErrorsQuery())]);
    return loadWords('operations', 'workers');
  },
  component: lazyRouteComponent(() => import('@/features/operations/workers-page'), 'WorkersPage'),
});

const users = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/users',
  validateSearch: userSearch,
  beforeLoad: needs('administer'),
  loaderDeps: ({ search }) => userFilter(search),
  loader: (at) => {
    begin(at, (client) => [client.infiniteQuery(usersQuery(null, at.deps))]);
    return loadWords('people');
  },
  component: lazyRouteComponent(() => import('@/features/people/users-page'), 'UsersPage'),
});

const businesses = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/businesses',
  validateSearch: businessSearch,
  beforeLoad: needs('administer'),
  loaderDeps: ({ search }) => ({ q: search.q }),
  loader: (at) => {
    begin(at, (client) => [client.infiniteQuery(businessesQuery(at.deps.q))]);
    return loadWords('businesses');
  },
  component: lazyRouteComponent(() => import('@/features/businesses/businesses-page'), 'BusinessesPage'),
});

const audit = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/audit',
  validateSearch: auditSearch,
  beforeLoad: needs('administer'),
  loaderDeps: ({ search }) => auditFilter(search),
  loader: (at) => {
    begin(at, (client) => [client.infiniteQuery(auditQuery(null, at.deps))]);
    return loadWords('audit', 'actions');
  },
  component: lazyRouteComponent(() => import('@/features/audit/audit-page'), 'AdminAuditPage'),
});

const unowned = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/unowned',
  beforeLoad: needs('administer'),
  loader: (at) => {
    begin(at, (client) => [client.infiniteQuery(unownedCallsQuery())]);
    return loadWords('calls', 'unowned');
  },
  component: lazyRouteComponent(() => import('@/features/calls/unowned-page'), 'UnownedCallsPage'),
});

/** Pages for those who run the system. */
export const adminRoutes = [failed, deadLetter, replay, workers, users, businesses, audit, unowned] as const;
