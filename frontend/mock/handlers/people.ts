import { HttpResponse } from 'msw';

import { BUSINESS } from '../base';
import type { Db } from '../db';
import { http, problem, succeeded } from '../http';

export function peopleHandlers(db: Db) {
  const list = (query: { get: (name: never) => string | null }, own: boolean) => {
    const get = (name: string) => query.get(name as never);
    const q = get('q')?.toLowerCase();
    return {
      items: db.users
        .filter((user) => !own || user.business_id === BUSINESS)
        .filter((user) => (get('deleted') === 'only' ? user.deleted_at : !user.deleted_at))
        .filter((user) => !get('role') || user.role === get('role'))
        .filter((user) => !q || `${user.name} ${user.email}`.toLowerCase().includes(q)),
      next_cursor: null,
    };
  };
  const set = (id: string, change: object) => {
    db.users = db.users.map((user) => (user.id === id ? { ...user, ...change } : user));
  };
  const gone = () => ({ deleted_at: new Date().toISOString(), deleted_by_name: db.me?.name ?? null });
  return [
    http.get('/api/businesses/{business_id}/availability', ({ response }) =>
      response(200).json({ number: null, hours: null, not_before: null }),
    ),
    http.get('/api/businesses/{business_id}/users', ({ query, response }) =>
      response(200).json(list(query as never, true)),
    ),
    http.get('/api/admin/users', ({ query, response }) => response(200).json(list(query as never, false))),
    http.delete('/api/businesses/{business_id}/users/{user_id}', ({ params, response }) => {
      set(params.user_id, gone());
      return response(200).json(succeeded('user.delete', params.user_id));
    }),
    http.delete('/api/admin/users/{user_id}', ({ params, response }) => {
      set(params.user_id, gone());
      return response(200).json(succeeded('user.delete', params.user_id));
    }),
    http.post('/api/businesses/{business_id}/users/{user_id}/restore', ({ params, response }) => {
      set(params.user_id, { deleted_at: null });
      return response(200).json(succeeded('user.restore', params.user_id));
    }),
    http.post('/api/admin/users/{user_id}/restore', ({ params, response }) => {
      set(params.user_id, { deleted_at: null });
      return response(200).json(succeeded('user.restore', params.user_id));
    }),
    http.patch('/api/businesses/{business_id}/users/{user_id}', async ({ params, request, response }) => {
      set(params.user_id, await request.json());
      return response(200).json(succeeded('user.update', params.user_id));
    }),
    http.patch('/api/admin/users/{user_id}', async ({ params, request, response }) => {
      set(params.user_id, await request.json());
      return response(200).json(succeeded('user.update', params.user_id));
    }),
    http.post(
      '/api/admin/users/{user_id}/end-sessions',
      () => new HttpResponse(null, { status: 204 }) as never,
    ),
    http.get('/api/businesses/{business_id}/invitations', ({ response }) =>
      response(200).json({ items: db.invitations }),
    ),
    http.post('/api/businesses/{business_id}/invitations', async ({ request, response }) => {
      const body = await request.json();
      if (db.users.some((user) => user.email === body.email && !user.deleted_at))
        return problem(409, 'email-taken', 'Somebody has this address already.');
      const invitation = {
        id: crypto.randomUUID(),
        invited_by: db.me?.name ?? null,
        email: body.email,
        name: body.name ?? null,
        role: body.role,
        created_at: new Date().toISOString(),
        expires_at: new Date(Date.now() + 7 * 86_400_000).toISOString(),
      };
      db.invitations = [invitation, ...db.invitations];
      return response(201).json({ success: true, invitation });
    }),
    http.delete('/api/businesses/{business_id}/invitations/{invitation_id}', ({ params }) => {
      db.invitations = db.invitations.filter((invitation) => invitation.id !== params.invitation_id);
      return new HttpResponse(null, { status: 204 }) as never;
    }),
  ];
}
