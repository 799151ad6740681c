import { createRoute, lazyRouteComponent } from '@tanstack/react-router';

import { callSearch } from '@/features/calls/search';
import { auditSearch } from '@/features/audit/search';
import { leadSearch } from '@/features/leads/search';

import { loadMoreWords } from '@/shared/i18n';

import { appRoute, inBusiness } from './app';

const home = createRoute({
  getParentRoute: () => appRoute,
  path: '/',
  beforeLoad: inBusiness(),
  component: lazyRouteComponent(() => import('@/features/home/home-page'), 'HomePage'),
});

const leads = createRoute({
  getParentRoute: () => appRoute,
  path: '/leads',
  validateSearch: leadSearch,
  beforeLoad: inBusiness(),
  component: lazyRouteComponent(() => import('@/features/leads/leads-page'), 'LeadsPage'),
});

const trash = createRoute({
  getParentRoute: () => appRoute,
  path: '/leads/trash',
  beforeLoad: inBusiness(),
  component: lazyRouteComponent(() => import('@/features/leads/trash-page'), 'TrashPage'),
});

const lead = createRoute({
  getParentRoute: () => appRoute,
  path: '/leads/$id',
  beforeLoad: inBusiness(),
  component: lazyRouteComponent(() => import('@/features/leads/lead-page'), 'LeadPage'),
});

const calls = createRoute({
  getParentRoute: () => appRoute,
  path: '/calls',
  validateSearch: callSearch,
  beforeLoad: inBusiness(),
  component: lazyRouteComponent(() => import('@/features/calls/calls-page'), 'CallsPage'),
});

const call = createRoute({
  getParentRoute: () => appRoute,
  path: '/calls/$callSid',
  beforeLoad: inBusiness(),
  component: lazyRouteComponent(() => import('@/features/calls/call-page'), 'CallPage'),
});

const whatsapp = createRoute({
  getParentRoute: () => appRoute,
  path: '/whatsapp',
  beforeLoad: inBusiness(),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/whatsapp/whatsapp-page'), 'WhatsappPage'),
});

const team = createRoute({
  getParentRoute: () => appRoute,
  path: '/team',
  beforeLoad: inBusiness('readPeople'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/people/team-page'), 'TeamPage'),
});

const audit = createRoute({
  getParentRoute: () => appRoute,
  path: '/audit',
  validateSearch: auditSearch,
  beforeLoad: inBusiness('readAudit'),
  loader: loadMoreWords,
  component: lazyRouteComponent(() => import('@/features/audit/audit-page'), 'BusinessAuditPage'),
});

/** Pages about one business. */
export const businessRoutes = [home, leads, trash, lead, calls, call, whatsapp, team, audit] as const;
