import { createRoute, lazyRouteComponent } from '@tanstack/react-router';

import { invitationQuery } from '@/features/auth/queries';
import { loginSearch } from '@/features/auth/search';
import { linkToken } from '@/features/auth/token';
import { queryClient } from '@/shared/api/query';
import { loadWords } from '@/shared/i18n';

import { begin } from './begin';
import { onlyGuests, rootRoute } from './root';

const login = createRoute({
  getParentRoute: () => rootRoute,
  path: '/login',
  validateSearch: loginSearch,
  beforeLoad: ({ search }) => onlyGuests(search.next),
  loader: () => loadWords('auth'),
  component: lazyRouteComponent(() => import('@/features/auth/login-page'), 'LoginPage'),
});

const forgotPassword = createRoute({
  getParentRoute: () => rootRoute,
  path: '/forgot-password',
  loader: () => loadWords('auth'),
  component: lazyRouteComponent(() => import('@/features/auth/forgot-page'), 'ForgotPasswordPage'),
});

const resetPassword = createRoute({
  getParentRoute: () => rootRoute,
  path: '/reset-password',
  loader: () => loadWords('auth'),
  component: lazyRouteComponent(() => import('@/features/auth/reset-page'), 'ResetPasswordPage'),
});

const invitation = createRoute({
  getParentRoute: () => rootRoute,
  path: '/invitation',
  loader: ({ cause }) => {
    const query = invitationQuery(linkToken());
    // Whatever an earlier link said is of no more use.
    if (cause === 'enter') queryClient.removeQueries({ queryKey: query.queryKey });
    if (linkToken() !== '') begin({ cause, context: {} }, (client) => [client.query(query)]);
    return loadWords('auth');
  },
  component: lazyRouteComponent(() => import('@/features/auth/invitation-page'), 'InvitationPage'),
});

const accessibility = createRoute({
  getParentRoute: () => rootRoute,
  path: '/accessibility',
  loader: () => loadWords('accessibility'),
  component: lazyRouteComponent(
    () => import('@/features/accessibility/accessibility-page'),
    'AccessibilityPage',
  ),
});

/** Pages for everybody. */
export const publicRoutes = [login, forgotPassword, resetPassword, invitation, accessibility] as const;
