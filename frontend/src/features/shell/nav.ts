import {
  Activity,
  Building2,
  ContactRound,
  House,
  type LucideIcon,
  MessageCircle,
  Phone,
  PhoneOff,
  ScrollText,
  Settings,
  TriangleAlert,
  Users,
} from 'lucide-react';

import type { Schemas } from '@/shared/api/types';
import { can } from '@/shared/lib/rights';

/** One place in the app. */
export interface Place {
  to:
    | '/'
    | '/leads'
    | '/calls'
    | '/whatsapp'
    | '/team'
    | '/audit'
    | '/settings'
    | '/admin/failed'
    | '/admin/businesses'
    | '/admin/users'
    | '/admin/workers'
    | '/admin/audit'
    | '/admin/unowned';
  label:
    | 'home'
    | 'leads'
    | 'calls'
    | 'whatsapp'
    | 'team'
    | 'audit'
    | 'settings'
    | 'failed'
    | 'businesses'
    | 'users'
    | 'workers'
    | 'unowned';
  icon: LucideIcon;
}

const BUSINESS: Place[] = [
  { to: '/', label: 'home', icon: House },
  { to: '/leads', label: 'leads', icon: ContactRound },
  { to: '/calls', label: 'calls', icon: Phone },
  { to: '/whatsapp', label: 'whatsapp', icon: MessageCircle },
];
const SYSTEM: Place[] = [
  { to: '/admin/failed', label: 'failed', icon: TriangleAlert },
  { to: '/admin/businesses', label: 'businesses', icon: Building2 },
  { to: '/admin/users', label: 'users', icon: Users },
  { to: '/admin/workers', label: 'workers', icon: Activity },
];

/** The places that a person reaches: the first four stand in the bar of a phone. */
export function places(role: Schemas['Role'], business: string | null): { main: Place[]; more: Place[] } {
  const settings: Place = { to: '/settings', label: 'settings', icon: Settings };
  if (business === null) {
    return {
      main: SYSTEM,
      more: [
        { to: '/admin/audit', label: 'audit', icon: ScrollText },
        { to: '/admin/unowned', label: 'unowned', icon: PhoneOff },
        settings,
      ],
    };
  }
  return {
    main: BUSINESS,
    more: [
      ...(can(role, 'readPeople') ? [{ to: '/team', label: 'team', icon: Users } as const] : []),
      ...(can(role, 'readAudit') ? [{ to: '/audit', label: 'audit', icon: ScrollText } as const] : []),
      settings,
    ],
  };
}
