/** The pretended server's memory: enough of a business to fill every screen. */
import type { Schemas } from '@/shared/api/types';

import { ago, ahead, BUSINESS, sid, uuid } from './base';
import { makeOperations, type Operations } from './operations';

const PEOPLE = [
  'דנה לוי',
  'יוסי כהן',
  'מיכל אברהם',
  'אבי מזרחי',
  'נועה פרידמן',
  'רון שפירא',
  'תמר ביטון',
  'אלון דהן',
  'שירה גולן',
  'עומר חדד',
  'ליאת רוזן',
  'גיא ברק',
  'Sarah Miller',
  'הילה אזולאי',
  'ערן נחום',
  'מאיה סגל',
  'איתי לביא',
  'רותם קדוש',
];
const STATUSES: Schemas['LeadStatus'][] = ['new', 'new', 'contacted', 'qualified', 'won', 'lost'];
const SOURCES: Schemas['LeadSource'][] = ['call', 'whatsapp', 'manual', 'import'];
const TAGS = ['גינון', 'חוזר', 'דחוף', 'מרפסת', 'VIP'];

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;
const phone = (n: number) => `+97254${String(1_234_567 + n * 7919).slice(0, 7)}`;

function makeLead(n: number): Schemas['Lead'] {
  const name = n % 7 === 5 ? null : pick(PEOPLE, n);
  return {
    id: uuid(n + 1),
    name,
    email: n % 3 === 0 ? `lead${n}@example.co.il` : null,
    phones: [{ e164: phone(n), raw: phone(n).replace('+972', '0') }],
    status: pick(STATUSES, n),
    source: pick(SOURCES, n * 3),
    owner: null,
    deleted_at: null,
    deleted_by: null,
    purge_at: null,
    tags: n % 2 === 0 ? [pick(TAGS, n)] : n % 5 === 0 ? [pick(TAGS, n), pick(TAGS, n + 1)] : [],
    notes: n % 4 === 0 ? 'מעוניין בהצעת מחיר לגינה של 80 מ״ר.\nלחזור אחרי 17:00.' : '',
    version: 1,
    created_at: ago(35 + n * 410),
    updated_at: ago(30 + n * 300),
    last_call_at: n % 2 === 0 ? ago(30 + n * 290) : null,
  };
}

function makeCall(n: number, leads: Schemas['Lead'][]): Schemas['Call'] {
  const lead = n % 4 === 3 ? undefined : pick(leads, n);
  const missed = n % 3 === 1;
  const live = n === 0;
  const withheld = n % 11 === 7;
  const number = lead?.phones[0]?.e164 ?? phone(n + 40);
  const started = ago(live ? 1 : 20 + n * 95);
  return {
    call_sid: sid('CA', n + 1),
    lead: lead ? { id: lead.id, name: lead.name } : null,
    from: withheld ? 'anonymous' : number,
    from_e164: withheld ? null : number,
    to: '+97237001234',
    to_e164: '+97237001234',
    caller_name: null,
    dial_outcome: missed ? 'no-answer' : 'completed',
    dial_duration_s: missed ? null : 30,
    answered: !missed && !live,
    answered_by: missed || live ? null : '+972541234567',
    person: null,
    direction: 'inbound',
    answer: missed ? 'record' : 'forward',
    status: live ? 'in-progress' : missed ? 'no-answer' : 'completed',
    started_at: started,
    ended_at: live ? null : new Date(Date.parse(started) + 130_000).toISOString(),
    duration_s: live ? null : missed ? 0 : 40 + ((n * 37) % 400),
    unknown: false,
    missed,
    callback_needed: missed && !withheld,
    called_back_at: missed && n > 12 ? ago(5 + n * 60) : null,
    called_back_by: missed && n > 12 ? { id: uuid(801), name: 'דנה לוי' } : null,
    recordings: live
      ? []
      : [
          {
            recording_sid: sid('RE', n + 1),
            state: n % 9 === 8 ? 'processing' : 'completed',
            failure: null,
            duration_s: 40 + ((n * 37) % 400),
            bytes: 180_000 + n * 5000,
            created_at: started,
          },
        ],
  };
}

export interface Db extends Operations {
  me: Schemas['Me'] | null;
  password: string;
  leads: Schemas['Lead'][];
  calls: Schemas['Call'][];
  users: Schemas['UserItem'][];
  invitations: Schemas['Invitation'][];
  businesses: Schemas['Business'][];
  settings: Schemas['BusinessSettings'];
  sessions: Schemas['SessionItem'][];
  audit: Schemas['AuditItem'][];
  whatsapp: Schemas['StatusAnswer'];
}

export const ME: Record<string, Schemas['Me']> = {
  owner: {
    id: uuid(801),
    email: 'owner@demo.co.il',
    name: 'דנה לוי',
    role: 'owner',
    business: { id: BUSINESS, name: 'גינות השרון', time_zone: 'Asia/Jerusalem' },
  },
  manager: {
    id: uuid(802),
    email: 'manager@demo.co.il',
    name: 'יוסי כהן',
    role: 'manager',
    business: { id: BUSINESS, name: 'גינות השרון', time_zone: 'Asia/Jerusalem' },
  },
  agent: {
    id: uuid(803),
    email: 'agent@demo.co.il',
    name: 'נועה פרידמן',
    role: 'agent',
    business: { id: BUSINESS, name: 'גינות השרון', time_zone: 'Asia/Jerusalem' },
  },
  admin: {
    id: uuid(800),
    email: 'admin@demo.co.il',
    name: 'תמר ביטון',
    role: 'system_admin',
    business: null,
  },
};

function makeUsers(): Schemas['UserItem'][] {
  const at = (
    n: number,
    name: string,
    role: Schemas['Role'],
    business: boolean,
    email: string,
  ): Schemas['UserItem'] => ({
    id: uuid(800 + n),
    business_id: business ? BUSINESS : null,
    business_name: business ? 'גינות השרון' : null,
    email,
    name,
    role,
    created_at: ago(90_000 - n * 900),
    call_number: null,
    calls_not_before: null,
    last_seen_at: n === 5 ? null : ago(n * 70 + 3),
    deleted_at: null,
    deleted_by_name: null,
  });
  return [
    at(0, 'תמר ביטון', 'system_admin', false, 'admin@demo.co.il'),
    at(1, 'דנה לוי', 'owner', true, 'owner@demo.co.il'),
    at(2, 'יוסי כהן', 'manager', true, 'manager@demo.co.il'),
    at(3, 'נועה פרידמן', 'agent', true, 'agent@demo.co.il'),
    at(4, 'אבי מזרחי', 'agent', true, 'avi@demo.co.il'),
    at(5, 'רון שפירא', 'owner', true, 'ron@demo.co.il'),
    {
      ...at(6, 'שירה גולן', 'agent', true, 'shira@demo.co.il'),
      deleted_at: ago(4000),
      deleted_by_name: 'דנה לוי',
    },
  ];
}

export function makeDb(): Db {
  const all = Array.from({ length: 64 }, (_, n) => makeLead(n));
  const leads = all.map((lead, n) =>
    n > 57
      ? {
          ...lead,
          deleted_at: ago(900 + n * 10),
          deleted_by: { id: uuid(801), name: 'דנה לוי' },
          purge_at: ahead(43_200 - n * 60),
        }
      : lead,
  );
  return {
    me: null,
    password: 'demo-password',
    leads,
    calls: Array.from({ length: 46 }, (_, n) => makeCall(n, leads)),
    users: makeUsers(),
    invitations: [
      {
        id: uuid(700),
        invited_by: 'דנה לוי',
        email: 'new@demo.co.il',
        name: null,
        role: 'agent',
        created_at: ago(300),
        expires_at: ahead(9000),
      },
    ],
    businesses: [
      {
        id: BUSINESS,
        name: 'גינות השרון',
        time_zone: 'Asia/Jerusalem',
        active: true,
        numbers: ['+97237001234', '+972747001234'],
        created_at: ago(100_000),
      },
      {
        id: uuid(901),
        name: 'מספרת רון',
        time_zone: 'Asia/Jerusalem',
        active: true,
        numbers: ['+97297445566'],
        created_at: ago(70_000),
      },
      {
        id: uuid(902),
        name: 'Blue Bay Café',
        time_zone: 'Asia/Jerusalem',
        active: false,
        numbers: [],
        created_at: ago(50_000),
      },
    ],
    settings: {
      name: 'גינות השרון',
      time_zone: 'Asia/Jerusalem',
      revision: 4,
      numbers: ['+97237001234', '+972747001234'],
      settings: {
        language: 'he',
        voice: null,
        greeting: 'שלום, הגעתם לגינות השרון. מיד נענה לכם.',
        mode: 'forward',
        forward_to: ['+972541234567', '+972529876543'],
        forward_timeout_s: 20,
        record_forwarded: true,
        max_message_s: 300,
        hours: {
          sunday: [{ open: '08:00', close: '18:00' }],
          monday: [{ open: '08:00', close: '18:00' }],
          tuesday: [
            { open: '08:00', close: '13:00' },
            { open: '16:00', close: '19:00' },
          ],
          wednesday: [{ open: '08:00', close: '18:00' }],
          thursday: [{ open: '08:00', close: '18:00' }],
          friday: [{ open: '08:00', close: '13:00' }],
        },
        holidays: [
          { date: '2027-04-21', name: 'ערב פסח', hours: [{ open: '09:00', close: '12:00' }] },
          { date: '2027-04-22', name: 'פסח', hours: [] },
        ],
        closed_message: null,
        closed_action: 'record',
      },
    },
    sessions: [
      {
        id: uuid(600),
        created_at: ago(2000),
        last_seen_at: ago(0),
        expires_at: ahead(40_000),
        ip: '84.110.12.7',
        user_agent:
          'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604',
        current: true,
      },
      {
        id: uuid(601),
        created_at: ago(9000),
        last_seen_at: ago(800),
        expires_at: ahead(30_000),
        ip: '31.154.8.20',
        user_agent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36',
        current: false,
      },
    ],
    audit: Array.from({ length: 24 }, (_, n) => ({
      id: uuid(500 + n),
      business_id: BUSINESS,
      at: ago(12 + n * 57),
      actor_id: uuid(801),
      actor_name: pick(['דנה לוי', 'יוסי כהן', 'twilio'], n),
      ip: n % 3 === 2 ? null : '84.110.12.7',
      request_id: `01J${n}`,
      action: pick(['lead.update', 'lead.delete', 'call.status', 'user.update', 'business.configure'], n),
      entity_type: pick(['lead', 'lead', 'call', 'user', 'business'], n),
      entity_id: uuid(n + 1),
      before: { status: 'new', version: 1 },
      after: { status: 'contacted', version: 2 },
    })),
    whatsapp: {
      success: true,
      state: 'not_linked',
      since: ago(400),
      reason: null,
      code: null,
      until: null,
      qrExpiresAt: null,
      lastCode: null,
      phone: null,
    },
    ...makeOperations(),
  };
}
