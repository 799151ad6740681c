import { createRoute, lazyRouteComponent } from '@tanstack/react-router';

import { auditFilter, auditQuery } from '@/features/audit/queries';
import { auditSearch } from '@/features/audit/search';
import { callFilter, callQuery, callsQuery, toCallBackQuery } from '@/features/calls/queries';
import { callSearch } from '@/features/calls/search';
import { summaryQuery } from '@/features/home/queries';
import {
  DELETED,
  leadFilter,
  leadQuery,
  leadsQuery,
  newLeadsQuery,
  timelineQuery,
} from '@/features/leads/queries';
import { leadSearch } from '@/features/leads/search';
import { invitationsQuery, usersQuery } from '@/features/people/queries';
import { statusQuery } from '@/features/whatsapp/queries';
import { loadWords } from '@/shared/i18n';
import { can } from '@/shared/lib/rights';

import { appRoute, businessOf, inBusiness } from './app';
import { begin } from './begin';

const home = createRoute({
  getParentRoute: () => appRoute,
  path: '/',
  beforeLoad: inBusiness(),
  loader: (at) => {
    begin(at, (client) => [
      client.query(summaryQuery()),
      client.infiniteQuery(toCallBackQuery()),
      client.infiniteQuery(newLeadsQuery()),
      client.query(statusQuery()),
    ]);
    return loadWords('home', 'calls', 'leads', 'whatsapp');
  },
  component: lazyRouteComponent(() => import('@/features/home/home-page'), 'HomePage'),
});

const leads = createRoute({
  getParentRoute: () => appRoute,
  path: '/leads',
  validateSearch: leadSearch,
  beforeLoad: inBusiness(),
  loaderDeps: ({ search }) => leadFilter(search),
  loader: (at) => {
    begin(at, (client) => [client.infiniteQuery(leadsQuery(at.deps))]);
    return loadWords('leads');
  },
  component: lazyRouteComponent(() => import('@/features/leads/leads-page'), 'LeadsPage'),
});

const trash = createRoute({
  getParentRoute: () => appRoute,
  path: '/leads/trash',
  beforeLoad: inBusiness(),
  loader: (at) => {
    begin(at, (client) => [client.infiniteQuery(leadsQuery(DELETED))]);
    return loadWords('leads');
  },
  component: lazyRouteComponent(() => import('@/features/leads/trash-page'), 'TrashPage'),
});

const lead = createRoute({
  getParentRoute: () => appRoute,
  path: '/leads/$id',
  beforeLoad: inBusiness(),
  loader: (at) => {
    begin(at, (client) => [
      client.query(leadQuery(at.params.id)),
      client.infiniteQuery(timelineQuery(at.params.id)),
    ]);
    return loadWords('leads', 'calls', 'actions');
  },
  component: lazyRouteComponent(() => import('@/features/leads/lead-page'), 'LeadPage'),
});

const calls = createRoute({
  getParentRoute: () => appRoute,
  path: '/calls',
  validateSearch: callSearch,
  beforeLoad: inBusiness(),
  loaderDeps: ({ search }) => callFilter(search),
  loader: (at) => {
    begin(at, (client) => [client.infiniteQuery(callsQuery(at.deps))]);
    return loadWords('calls');
  },
  component: lazyRouteComponent(() => import('@/features/calls/calls-page'), 'CallsPage'),
});

const call = createRoute({
  getParentRoute: () => appRoute,
  path: '/calls/$callSid',
  beforeLoad: inBusiness(),
  loader: (at) => {
    begin(at, (client) => [client.query(callQuery(at.params.callSid))]);
    return loadWords('calls', 'history');
  },
  component: lazyRouteComponent(() => import('@/features/calls/call-page'), 'CallPage'),
});

const whatsapp = createRoute({
  getParentRoute: () => appRoute,
  path: '/whatsapp',
  beforeLoad: inBusiness(),
  loader: (at) => {
    begin(at, (client) => [client.query(statusQuery())]);
    return loadWords('whatsapp', 'linking');
  },
  component: lazyRouteComponent(() => import('@/features/whatsapp/whatsapp-page'), 'WhatsappPage'),
});

const team = createRoute({
  getParentRoute: () => appRoute,
  path: '/team',
  beforeLoad: inBusiness('readPeople'),
  loader: (at) => {
    const business = businessOf(at.context);
    begin(at, (client) => [
      client.infiniteQuery(usersQuery(business, {})),
      ...(can(at.context.me.role, 'manageBusiness') ? [client.query(invitationsQuery(business))] : []),
    ]);
    return loadWords('people');
  },
  component: lazyRouteComponent(() => import('@/features/people/team-page'), 'TeamPage'),
});

const audit = createRoute({
  getParentRoute: () => appRoute,
  path: '/audit',
  validateSearch: auditSearch,
  beforeLoad: inBusiness('readAudit'),
  loaderDeps: ({ search }) => auditFilter(search),
  loader: (at) => {
    begin(at, (client) => [client.infiniteQuery(auditQuery(businessOf(at.context), at.deps))]);
    return loadWords('audit', 'actions');
  },
  component: lazyRouteComponent(() => import('@/features/audit/audit-page'), 'BusinessAuditPage'),
});

/** Pages about one business. */
export const businessRoutes = [home, leads, trash, lead, calls, call, whatsapp, team, audit] as const;
