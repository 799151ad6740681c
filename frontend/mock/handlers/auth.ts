import { HttpResponse } from 'msw';

import { type Db, ME } from '../db';
import { http, problem, succeeded } from '../http';

export function authHandlers(db: Db) {
  const answer = () => ({
    success: true,
    user: db.me!,
    session_expires_at: new Date(Date.now() + 86_400_000).toISOString(),
  });
  return [
    http.post('/api/auth/login', async ({ request, response }) => {
      const { email, password } = await request.json();
      const who = Object.values(ME).find((one) => one.email === email);
      if (!who || password !== db.password)
        return problem(401, 'unauthenticated', 'The address or the password is wrong.');
      db.me = who;
      return response(200).json(answer());
    }),
    http.post('/api/auth/logout', () => {
      db.me = null;
      return new HttpResponse(null, { status: 204 }) as never;
    }),
    http.get('/api/auth/me', ({ response }) =>
      db.me ? response(200).json(answer()) : problem(401, 'unauthenticated', 'Log in first.'),
    ),
    http.get('/api/auth/sessions', ({ response }) => response(200).json({ items: db.sessions })),
    http.delete('/api/auth/sessions/{session_id}', ({ params }) => {
      db.sessions = db.sessions.filter((session) => session.id !== params.session_id);
      return new HttpResponse(null, { status: 204 }) as never;
    }),
    http.post('/api/auth/password', async ({ request }) => {
      const { current } = await request.json();
      if (current !== db.password)
        return problem(422, 'validation', 'Some fields are wrong.', [
          { field: 'current', code: 'wrong', error: 'הסיסמה הנוכחית אינה נכונה.' },
        ]);
      return new HttpResponse(null, { status: 204 }) as never;
    }),
    http.post(
      '/api/auth/password-reset',
      () => HttpResponse.json({ success: true }, { status: 202 }) as never,
    ),
    http.post('/api/auth/password-reset/confirm', async ({ request }) => {
      const { token } = await request.json();
      return token === 'good'
        ? (new HttpResponse(null, { status: 204 }) as never)
        : problem(410, 'link-gone', 'This link no longer works.');
    }),
    http.post('/api/auth/invitations/inspect', async ({ request, response }) => {
      const { token } = await request.json();
      if (token !== 'good') return problem(410, 'link-gone', 'This link no longer works.');
      return response(200).json({
        email: 'agent@demo.co.il',
        name: 'נועה פרידמן',
        role: 'agent',
        business_name: 'גינות השרון',
        expires_at: new Date(Date.now() + 86_400_000).toISOString(),
      });
    }),
    http.post('/api/auth/invitations/accept', async ({ request, response }) => {
      const { password } = await request.json();
      db.password = password;
      return response(200).json(succeeded('user.create', ME['agent']!.id));
    }),
  ];
}
