import type { Schemas } from '@/shared/api/types';

import type { Db } from '../db';
import { http, problem, succeeded } from '../http';

const PAGE = 50;

export function leadHandlers(db: Db) {
  const find = (id: string) => db.leads.find((lead) => lead.id === id);
  const change = (id: string, changes: Partial<Schemas['Lead']>) => {
    db.leads = db.leads.map((lead) =>
      lead.id === id
        ? { ...lead, ...changes, version: lead.version + 1, updated_at: new Date().toISOString() }
        : lead,
    );
  };
  const trash = (id: string) =>
    change(id, {
      deleted_at: new Date().toISOString(),
      purge_at: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    });
  const restore = (id: string) => change(id, { deleted_at: null, purge_at: null });

  return [
    http.get('/api/leads', ({ query, response }) => {
      const q = query.get('q')?.toLowerCase();
      const order = query.get('order') === 'asc' ? 1 : -1;
      const sort = query.get('sort') ?? 'created_at';
      const key = (lead: Schemas['Lead']) =>
        sort === 'name'
          ? (lead.name ?? '')
          : sort === 'last_call'
            ? (lead.last_call_at ?? '')
            : sort === 'updated_at'
              ? lead.updated_at
              : lead.created_at;
      const rows = db.leads
        .filter((lead) => (query.get('deleted') === 'only' ? lead.deleted_at : !lead.deleted_at))
        .filter((lead) => !query.get('status') || lead.status === query.get('status'))
        .filter((lead) => !query.get('source') || lead.source === query.get('source'))
        .filter(
          (lead) =>
            !q ||
            `${lead.name ?? ''} ${lead.email ?? ''} ${lead.phones.map((phone) => phone.raw).join(' ')}`
              .toLowerCase()
              .includes(q),
        )
        .sort((a, b) => key(a).localeCompare(key(b)) * order);
      const from = Number(query.get('cursor') ?? 0);
      const size = Number(query.get('limit') ?? PAGE);
      return response(200).json({
        items: rows.slice(from, from + size),
        next_cursor: rows.length > from + size ? String(from + size) : null,
      });
    }),
    http.post('/api/leads', async ({ request, response }) => {
      const body = await request.json();
      const now = new Date().toISOString();
      const id = crypto.randomUUID();
      db.leads = [
        {
          id,
          name: body.name ?? null,
          email: body.email ?? null,
          phones: (body.phones ?? []).map((raw) => ({ raw, e164: null })),
          status: 'new',
          source: 'manual',
          owner: null,
          tags: [],
          notes: body.notes ?? '',
          version: 1,
          created_at: now,
          updated_at: now,
          last_call_at: null,
          deleted_at: null,
          deleted_by: null,
          purge_at: null,
        },
        ...db.leads,
      ];
      return response(200).json(succeeded('lead.create', id));
    }),
    http.get('/api/leads/{lead_id}', ({ params, response }) => {
      const lead = find(params.lead_id);
      return lead ? response(200).json(lead) : problem(404, 'not-found', 'There is nothing at this address.');
    }),
    http.patch('/api/leads/{lead_id}', async ({ params, request, response }) => {
      const lead = find(params.lead_id);
      if (!lead) return problem(404, 'not-found', 'There is nothing at this address.');
      if (request.headers.get('if-match') !== `"${lead.version}"`)
        return problem(412, 'changed-meanwhile', 'Somebody changed this lead meanwhile.');
      const { phones, status, tags, notes, name, email } = await request.json();
      const given = Object.fromEntries(
        Object.entries({ name, email, status, tags, notes }).filter(([, value]) => value !== undefined),
      ) as Partial<Schemas['Lead']>;
      change(lead.id, {
        ...given,
        ...(phones ? { phones: phones.map((raw) => ({ raw, e164: null })) } : {}),
      });
      return response(200).json(succeeded('lead.update', lead.id));
    }),
    http.delete('/api/leads/{lead_id}', ({ params, response }) => {
      trash(params.lead_id);
      return response(200).json(succeeded('lead.delete', params.lead_id));
    }),
    http.post('/api/leads/{lead_id}/restore', ({ params, response }) => {
      restore(params.lead_id);
      return response(200).json(succeeded('lead.restore', params.lead_id));
    }),
    http.post('/api/leads/bulk-delete', async ({ request, response }) => {
      const which = await request.json();
      const fits = (lead: Schemas['Lead']) =>
        !('filter' in which) || which.filter.q == null || (lead.name ?? '').includes(which.filter.q);
      const ids =
        'ids' in which
          ? which.ids
          : db.leads.filter((lead) => !lead.deleted_at && fits(lead)).map((lead) => lead.id);
      ids.forEach(trash);
      return response(200).json(
        succeeded('lead.delete_many', 'batch', { deleted: ids.length, skipped: 0, lead_ids: ids }),
      );
    }),
    http.post('/api/leads/bulk-restore', async ({ request, response }) => {
      const which = await request.json();
      const ids = 'ids' in which ? which.ids : [];
      ids.forEach(restore);
      return response(200).json(
        succeeded('lead.restore_many', 'batch', { restored: ids.length, skipped: 0, lead_ids: ids }),
      );
    }),
    http.get('/api/leads/{lead_id}/timeline', ({ params, response }) => {
      const calls = db.calls
        .filter((call) => call.lead?.id === params.lead_id)
        .map((call) => ({ at: call.started_at, kind: 'call' as const, call }));
      const made = find(params.lead_id);
      return response(200).json({
        items: [
          ...calls,
          {
            at: made?.updated_at ?? '',
            kind: 'change',
            change: {
              id: 'a2',
              action: 'lead.update',
              actor: { id: 'u', name: 'יוסי כהן' },
              system: null,
              before: null,
              after: null,
            },
          },
          {
            at: made?.created_at ?? '',
            kind: 'change',
            change: {
              id: 'a1',
              action: 'lead.create',
              actor: null,
              system: 'twilio',
              before: null,
              after: null,
            },
          },
        ],
        next_cursor: null,
      });
    }),
  ];
}
