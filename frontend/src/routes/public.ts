import { createRoute, lazyRouteComponent } from '@tanstack/react-router';

import { loginSearch } from '@/features/auth/search';

import { loadMoreWords } from '@/shared/i18n';

import { onlyGuests, rootRoute } from './root';

const login = createRoute({
  getParentRoute: () => rootRoute,
  path: '/login',
  validateSearch: loginSearch,
  beforeLoad: ({ search }) => onlyGuests(search.next),
  component: lazyRouteComponent(() => import('@/features/auth/login-page'), 'LoginPage'),
});

const forgotPassword = createRoute({
  getParentRoute: () => rootRoute,
  path: '/forgot-password',
  component: lazyRouteComponent(() => import('@/features/auth/forgot-page'), 'ForgotPasswordPage'),
});

const resetPassword = createRoute({
  getParentRoute: () => rootRoute,
  path: '/reset-password',
  component: lazyRouteComponent(() => import('@/features/auth/reset-page'), 'ResetPasswordPage'),
});

const invitation = createRoute({
  getParentRoute: () => rootRoute,
  path: '/invitation',
  component: lazyRouteComponent(() => import('@/features/auth/invitation-page'), 'InvitationPage'),
});

const accessibility = createRoute({
  getParentRoute: () => rootRoute,
  path: '/accessibility',
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/accessibility/accessibility-page'), 'AccessibilityPage'),
});

/** Pages for everybody. */
export const publicRoutes = [login, forgotPassword, resetPassword, invitation, accessibility] as const;
