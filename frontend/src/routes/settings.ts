import { createRoute, lazyRouteComponent } from '@tanstack/react-router';

import { usersQuery } from '@/features/people/queries';
import { availabilityQuery, sessionsQuery, settingsQuery } from '@/features/settings/queries';
import { loadWords } from '@/shared/i18n';

import { appRoute, businessOf, inBusiness } from './app';
import { begin } from './begin';

/** The settings of the business, and the words for them. */
function loadSettings(
  at: Parameters<typeof begin>[0] & { context: Parameters<typeof businessOf>[0] },
): Promise<void> {
  begin(at, (client) => [client.query(settingsQuery(businessOf(at.context)))]);
  // The preview says how a call is answered in the words of calls.
  return loadWords('settings', 'calls');
}

const settings = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings',
  loader: () => loadWords('settings', 'accessibility'),
  component: lazyRouteComponent(() => import('@/features/settings/settings-page'), 'SettingsPage'),
});

const answering = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings/answering',
  beforeLoad: inBusiness('readPeople'),
  loader: (at) => {
    begin(at, (client) => [
      client.query(settingsQuery(businessOf(at.context))),
      client.infiniteQuery(usersQuery(businessOf(at.context), {})),
    ]);
    return loadWords('settings', 'calls');
  },
  component: lazyRouteComponent(() => import('@/features/settings/answering-page'), 'AnsweringPage'),
});

const hours = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings/hours',
  beforeLoad: inBusiness('readPeople'),
  loader: loadSettings,
  component: lazyRouteComponent(() => import('@/features/settings/hours-page'), 'HoursPage'),
});

const numbers = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings/numbers',
  beforeLoad: inBusiness('readPeople'),
  loader: loadSettings,
  component: lazyRouteComponent(() => import('@/features/settings/numbers-page'), 'NumbersPage'),
});

const account = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings/account',
  loader: (at) => {
    const business = businessOf(at.context);
    begin(at, (client) => [
      client.query(sessionsQuery),
      ...(business === '' ? [] : [client.query(availabilityQuery(business))]),
    ]);
    return loadWords('settings', 'people');
  },
  component: lazyRouteComponent(() => import('@/features/settings/account-page'), 'AccountPage'),
});

const appearance = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings/appearance',
  loader: () => loadWords('settings'),
  component: lazyRouteComponent(() => import('@/features/settings/appearance-page'), 'AppearancePage'),
});

/** Pages where things are set. */
export const settingsRoutes = [settings, answering, hours, numbers, account, appearance] as const;
