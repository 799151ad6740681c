import { createRoute, lazyRouteComponent } from '@tanstack/react-router';

import { loadMoreWords } from '@/shared/i18n';

import { appRoute, inBusiness } from './app';

const settings = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings',
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/settings/settings-page'), 'SettingsPage'),
});

const answering = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings/answering',
  beforeLoad: inBusiness('readPeople'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/settings/answering-page'), 'AnsweringPage'),
});

const hours = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings/hours',
  beforeLoad: inBusiness('readPeople'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/settings/hours-page'), 'HoursPage'),
});

const numbers = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings/numbers',
  beforeLoad: inBusiness('readPeople'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/settings/numbers-page'), 'NumbersPage'),
});

const account = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings/account',
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/settings/account-page'), 'AccountPage'),
});

const appearance = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings/appearance',
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/settings/appearance-page'), 'AppearancePage'),
});

/** Pages where things are set. */
export const settingsRoutes = [settings, answering, hours, numbers, account, appearance] as const;
