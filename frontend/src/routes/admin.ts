import { createRoute, lazyRouteComponent } from '@tanstack/react-router';

import { auditSearch } from '@/features/audit/search';
import { businessSearch } from '@/features/businesses/search';
import { failedSearch } from '@/features/operations/search';
import { userSearch } from '@/features/people/search';

import { loadMoreWords } from '@/shared/i18n';

import { appRoute, needs } from './app';

const failed = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/failed',
  validateSearch: failedSearch,
  beforeLoad: needs('administer'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/operations/failed-page'), 'FailedPage'),
});

const deadLetter = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/failed/$id',
  beforeLoad: needs('administer'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/operations/dead-letter-page'), 'DeadLetterPage'),
});

const replay = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/replays/$id',
  beforeLoad: needs('administer'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/operations/replay-page'), 'ReplayPage'),
});

const workers = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/workers',
  beforeLoad: needs('administer'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/operations/workers-page'), 'WorkersPage'),
});

const users = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/users',
  validateSearch: userSearch,
  beforeLoad: needs('administer'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/people/users-page'), 'UsersPage'),
});

const businesses = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/businesses',
  validateSearch: businessSearch,
  beforeLoad: needs('administer'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/businesses/businesses-page'), 'BusinessesPage'),
});

const audit = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/audit',
  validateSearch: auditSearch,
  beforeLoad: needs('administer'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/audit/audit-page'), 'AdminAuditPage'),
});

const unowned = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin/unowned',
  beforeLoad: needs('administer'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/calls/unowned-page'), 'UnownedCallsPage'),
});

/** Pages for those who run the system. */
export const adminRoutes = [failed, deadLetter, replay, workers, users, businesses, audit, unowned] as const;
