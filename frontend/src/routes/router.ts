import { createRouter } from '@tanstack/react-router';

import { adminRoutes } from './admin';
import { appRoute } from './app';
import { businessRoutes } from './business';
import { publicRoutes } from './public';
import { rootRoute } from './root';
import { settingsRoutes } from './settings';

const routeTree = rootRoute.addChildren([
  ...publicRoutes,
  appRoute.addChildren([...businessRoutes, ...settingsRoutes, ...adminRoutes]),
]);

/** The router; tests make their own with a history of their own. */
export function makeRouter(options: Pick<Parameters<typeof createRouter>[0], 'history'> = {}) {
  return createRouter({
    routeTree,
    defaultPreload: 'intent',
    // How old an answer may be is for the queries to say.
    defaultPreloadStaleTime: 0,
    defaultPendingMs: 300,
    scrollRestoration: true,
    ...options,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
