import type { Schemas } from '@/shared/api/types';

import type { Db } from '../db';
import { http, problem, succeeded } from '../http';

type Selection = Schemas['Selection'];
const EMPTY = {
  pending: 0,
  in_flight: 0,
  succeeded: 0,
  already_applied: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
};

export function operatorHandlers(db: Db) {
  const named = (selection: Selection) => {
    const ids = 'ids' in selection ? selection.ids : undefined;
    const filter = 'filter' in selection ? selection.filter : undefined;
    return db.letters.filter(
      (letter) =>
        letter.state === 'new' &&
        (!ids || ids.includes(letter.id)) &&
        (!filter?.fingerprint || letter.fingerprint === filter.fingerprint) &&
        (!filter?.worker || letter.worker === filter.worker),
    );
  };
  const settle = (selection: Selection, state: 'replayed' | 'discarded') => {
    const ids = new Set(named(selection).map((letter) => letter.id));
    db.letters = db.letters.map((letter) => (ids.has(letter.id) ? { ...letter, state } : letter));
    db.groups = db.groups.filter((group) =>
      db.letters.some((letter) => letter.state === 'new' && letter.fingerprint === group.fingerprint),
    );
    return ids.size;
  };
  const pause = (name: string, paused: Schemas['WorkerItem']['paused']) => {
    db.workers = db.workers.map((worker) =>
      worker.name === name ? { ...worker, paused, state: paused ? 'paused' : 'running' } : worker,
    );
    return succeeded(paused ? 'worker.pause' : 'worker.resume', name);
  };
  return [
    http.get('/api/admin/dead-letters/groups', ({ query, response }) =>
      response(200).json({ items: query.get('state') === 'new' ? db.groups : [] }),
    ),
    http.get('/api/admin/dead-letters', ({ query, response }) =>
      response(200).json({
        items: db.letters.filter(
          (letter) =>
            (!query.get('state') || letter.state === query.get('state')) &&
            (!query.get('fingerprint') || letter.fingerprint === query.get('fingerprint')),
        ),
        next_cursor: null,
      }),
    ),
    http.get('/api/admin/dead-letters/{dead_letter_id}', ({ params, query, response }) => {
      const letter = db.letters.find((one) => one.id === params.dead_letter_id);
      if (!letter) return problem(404, 'not-found', 'There is nothing at this address.');
      const masked = String(query.get('reveal')) !== 'true';
      return response(200).json({
        ...letter,
        event_id: 'call-status-1',
        subject: `call.status.${letter.entity ?? ''}`,
        stream: 'CALLS',
        stream_sequence: 4101,
        process: 'workers-12-ab',
        error_chain: [letter.error, 'while applying call.status', 'database refused the statement'],
        headers: [{ name: 'Nats-Msg-Id', value: 'abc' }],
        payload: {
          bytes: 812,
          complete: true,
          json: {
            specversion: '1.0',
            type: letter.type,
            data: { status: 'completed', from: masked ? '***567' : '+972541234567' },
          },
          base64: null,
        },
        attempt_log: [
          { replay: 0, attempt: 1, at: letter.died_at, process: 'workers-12-ab', error: letter.error },
        ],
        masked,
        settled: null,
        replay_ids: [],
      });
    }),
    http.post('/api/admin/dead-letters/count', async ({ request, response }) => {
      const { selection } = await request.json();
      const letters = named(selection);
      return response(200).json({
        success: true,
        count: letters.length,
        selection,
        by_worker: letters.slice(0, 1).map(({ worker, type }) => ({
          worker,
          type,
          count: letters.length,
          paused: false,
          not_replayable: 0,
        })),
      });
    }),
    http.post('/api/admin/dead-letters/discard', async ({ request, response }) =>
      response(202).json(
        succeeded('dead_letter.discard', 'discard', {
          discarded: settle((await request.json()).selection, 'discarded'),
        }),
      ),
    ),
    http.get('/api/admin/replays', ({ response }) =>
      response(200).json({ items: db.replays, next_cursor: null }),
    ),
    http.post('/api/admin/replays', async ({ request, response }) => {
      const { selection, reason, rate, expected_count } = await request.json();
      const total = settle(selection, 'replayed');
      if (total !== expected_count)
        return problem(412, 'count-changed', 'The selection holds another number now.');
      const now = new Date().toISOString();
      const replay = {
        id: crypto.randomUUID(),
        number: 17,
        kind: 'dead_letters' as const,
        state: 'running' as const,
        reason,
        rate: rate ?? 50,
        requested_by: db.me?.name ?? '',
        selection: {},
        total,
        counts: { ...EMPTY, pending: total },
        created_at: now,
        started_at: now,
        finished_at: null,
      };
      db.replays = [replay, ...db.replays];
      return response(202).json(
        succeeded('replay.start', replay.id, { replay_id: replay.id, number: 17, count: total }),
      );
    }),
    http.get('/api/admin/replays/{replay_id}', ({ params, response }) => {
      db.replays = db.replays.map((replay) => {
        if (replay.id !== params.replay_id || replay.state !== 'running') return replay;
        const pending = Math.max(0, replay.counts.pending - 3);
        return {
          ...replay,
          counts: { ...replay.counts, pending, succeeded: replay.total - pending },
          state: pending === 0 ? 'finished' : 'running',
        };
      });
      const replay = db.replays.find((one) => one.id === params.replay_id);
      return replay
        ? response(200).json(replay)
        : problem(404, 'not-found', 'There is nothing at this address.');
    }),
    http.get('/api/admin/replays/{replay_id}/items', ({ response }) =>
      response(200).json({
        items: [
          {
            position: 7,
            dead_letter_id: db.letters[0]?.id ?? null,
            worker: 'calls',
            result: 'failed',
            error: 'status 22P02: invalid input syntax for type bigint',
            published_at: null,
            settled_at: null,
          },
        ],
        next_cursor: null,
      }),
    ),
    http.post('/api/admin/replays/{replay_id}/cancel', ({ params, response }) => {
      db.replays = db.replays.map((replay) =>
        replay.id === params.replay_id ? { ...replay, state: 'cancelled' } : replay,
      );
      return response(202).json(succeeded('replay.cancel', params.replay_id, { cancelled: 3 }));
    }),
    http.get('/api/admin/twilio-errors', ({ response }) => response(200).json({ items: [] })),
    http.get('/api/admin/workers', ({ response }) => response(200).json({ items: db.workers })),
    http.post('/api/admin/workers/{name}/pause', async ({ params, request, response }) =>
      response(202).json(
        pause(params.name, {
          since: new Date().toISOString(),
          until: null,
          reason: (await request.json()).reason,
          by: db.me?.name ?? '',
        }),
      ),
    ),
    http.post('/api/admin/workers/{name}/resume', ({ params, response }) =>
      response(202).json(pause(params.name, null)),
    ),
  ];
}
