import type { Db } from '../db';
import { http, problem } from '../http';

export function operatorHandlers(db: Db) {
  const named = (filter: { ids?: string[]; fingerprint?: string }) => db.letters.filter((letter) => letter.state === 'open' && (!filter.ids || filter.ids.includes(letter.id)) && (!filter.fingerprint || letter.fingerprint === filter.fingerprint));
  const settle = (filter: { ids?: string[]; fingerprint?: string }, state: 'replayed' | 'discarded') => {
    const ids = new Set(named(filter).map((letter) => letter.id));
    db.letters = db.letters.map((letter) => (ids.has(letter.id) ? { ...letter, state } : letter));
    db.groups = db.groups.filter((group) => db.letters.some((letter) => letter.state === 'open' && letter.fingerprint === group.fingerprint));
    return ids.size;
  };
  return [
    http.get('/api/admin/dead-letters/groups', ({ query, response }) => response(200).json({ items: query.get('state') === 'open' ? db.groups : [], next_cursor: null })),
    http.get('/api/admin/dead-letters', ({ query, response }) =>
      response(200).json({
        items: db.letters.filter((letter) => (!query.get('state') || letter.state === query.get('state')) && (!query.get('fingerprint') || letter.fingerprint === query.get('fingerprint'))),
        next_cursor: null,
      }),
    ),
    http.get('/api/admin/dead-letters/{id}', ({ params, response }) => {
      const letter = db.letters.find((one) => one.id === decodeURIComponent(params.id));
      if (!letter) return problem(404, 'not-found', 'There is nothing at this address.');
      return response(200).json({
        ...letter,
        error_chain: [letter.error, 'while applying call.status', 'database refused the statement'],
        worker: 'prosaas-workers@7f3a',
        trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
        headers: [['Nats-Msg-Id', 'abc']],
        payload: { specversion: '1.0', type: letter.type, subject: letter.entity_id, data: { status: 'completed', duration_s: 'x' } },
        attempt_log: [{ at: letter.died_at, worker: 'prosaas-workers@7f3a', error: letter.error }],
      });
    }),
    http.post('/api/admin/dead-letters/count', async ({ request, response }) => response(200).json({ count: named(await request.json()).length })),
    http.post('/api/admin/dead-letters/discard', async ({ request, response }) => response(200).json({ count: settle((await request.json()).filter, 'discarded') })),
    http.get('/api/admin/replays', ({ response }) => response(200).json({ items: db.replays, next_cursor: null })),
    http.post('/api/admin/replays', async ({ request, response }) => {
      const body = await request.json();
      const total = settle(body.filter, 'replayed');
      const replay = { id: crypto.randomUUID(), state: 'running' as const, total, succeeded: 0, failed: 0, reason: body.reason, created_at: new Date().toISOString(), created_by_name: db.me?.name ?? null };
      db.replays = [replay, ...db.replays];
      return response(200).json(replay);
    }),
    http.get('/api/admin/replays/{id}', ({ params, response }) => {
      db.replays = db.replays.map((replay) => {
        if (replay.id !== params.id || replay.state !== 'running') return replay;
        const succeeded = Math.min(replay.total, replay.succeeded + 3);
        return { ...replay, succeeded, state: succeeded === replay.total ? 'finished' : 'running' };
      });
      const replay = db.replays.find((one) => one.id === params.id);
      return replay ? response(200).json(replay) : problem(404, 'not-found', 'There is nothing at this address.');
    }),
    http.post('/api/admin/replays/{id}/cancel', ({ params, response }) => {
      db.replays = db.replays.map((replay) => (replay.id === params.id ? { ...replay, state: 'cancelled' } : replay));
      return response(200).json(db.replays.find((one) => one.id === params.id)!);
    }),
    http.get('/api/admin/workers', ({ response }) => response(200).json({ items: db.workers })),
    http.post('/api/admin/workers/{name}/pause', ({ params, response }) => {
      db.workers = db.workers.map((worker) => (worker.name === params.name ? { ...worker, state: 'paused' } : worker));
      return response(200).json(db.workers.find((worker) => worker.name === params.name)!);
    }),
    http.post('/api/admin/workers/{name}/resume', ({ params, response }) => {
      db.workers = db.workers.map((worker) => (worker.name === params.name ? { ...worker, state: 'running' } : worker));
      return response(200).json(db.workers.find((worker) => worker.name === params.name)!);
    }),
  ];
}
