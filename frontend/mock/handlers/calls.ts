import { http as raw, HttpResponse } from 'msw';

import { localDate } from '@/shared/lib/format';

import type { Db } from '../db';
import { http, problem, succeeded } from '../http';

/** Two seconds of a quiet tone, so that players have something to play. */
function tone(): Uint8Array<ArrayBuffer> {
  const rate = 8000;
  const samples = rate * 20;
  const bytes = new Uint8Array(44 + samples);
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string) =>
    [...value].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, 36 + samples, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate, true);
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  text(36, 'data');
  view.setUint32(40, samples, true);
  for (let index = 0; index < samples; index += 1)
    bytes[44 + index] = 128 + Math.round(20 * Math.sin((index / rate) * 2 * Math.PI * 330));
  return bytes;
}

export function callHandlers(db: Db) {
  return [
    http.get('/api/calls', ({ query, response }) => {
      const rows = db.calls
        .filter((call) => query.get('missed') !== 'true' || call.missed)
        .filter((call) => query.get('answered') !== 'true' || !call.missed)
        .filter(
          (call) => query.get('to_call_back') !== 'true' || (call.callback_needed && !call.called_back_at),
        )
        .filter((call) => !query.get('number') || call.from === query.get('number'));
      return response(200).json({
        items: rows.slice(0, Number(query.get('limit') ?? 50)),
        next_cursor: null,
      });
    }),
    http.get('/api/calls/{call_sid}', ({ params, response }) => {
      const call = db.calls.find((one) => one.call_sid === params.call_sid);
      if (!call) return problem(404, 'not-found', 'There is nothing at this address.');
      const at = (seconds: number) => new Date(Date.parse(call.started_at) + seconds * 1000).toISOString();
      return response(200).json({
        ...call,
        forwarded_from: null,
        parent_call_sid: null,
        dialed_call_sid: null,
        last_spoke_with: null,
        history: [
          {
            kind: 'incoming',
            status: 'ringing',
            sequence_number: null,
            menu: null,
            error: null,
            at: at(0),
            received_at: at(0),
          },
          {
            kind: 'status',
            status: 'in-progress',
            sequence_number: 1,
            menu: null,
            error: null,
            at: at(3),
            received_at: at(3),
          },
          {
            kind: 'dialed',
            status: 'completed',
            sequence_number: null,
            menu: null,
            error: null,
            at: at(120),
            received_at: at(120),
          },
          {
            kind: 'status',
            status: call.status,
            sequence_number: 2,
            menu: null,
            error: null,
            at: at(121),
            received_at: at(121),
          },
        ],
      });
    }),
    http.post('/api/calls/{call_sid}/called-back', ({ params, response }) => {
      db.calls = db.calls.map((call) =>
        call.call_sid === params.call_sid
          ? {
              ...call,
              called_back_at: new Date().toISOString(),
              called_back_by: db.me ? { id: db.me.id, name: db.me.name } : null,
            }
          : call,
      );
      return response(200).json(succeeded('call.mark_called_back', params.call_sid));
    }),
    http.get('/api/summary', ({ response }) => {
      const today = db.calls.slice(0, 12);
      return response(200).json({
        time_zone: 'Asia/Jerusalem',
        today: {
          date: localDate(Date.now()),
          calls: today.length,
          missed: today.filter((call) => call.missed).length,
          leads: 3,
        },
        to_call_back: db.calls.filter((call) => call.callback_needed && !call.called_back_at).length,
        new_leads: db.leads.filter((lead) => !lead.deleted_at && lead.status === 'new').length,
        days: Array.from({ length: 30 }, (_, index) => {
          const back = 29 - index;
          const calls = 4 + ((index * 7) % 11) + (index % 7 === 5 ? -3 : 0);
          return {
            date: localDate(Date.now() - back * 86_400_000),
            calls,
            missed: Math.min(calls, (index * 5) % 4),
            leads: index % 4,
          };
        }),
      });
    }),
    http.get('/api/admin/calls/unowned', ({ response }) =>
      response(200).json({
        items: db.calls.slice(3, 7).map((call) => ({ ...call, lead: null, to: '+97237009999' })),
        next_cursor: null,
      }),
    ),
    raw.get('/api/recordings/:sid/audio', ({ request }) => {
      const bytes = tone();
      const range = /bytes=(\d+)-(\d*)/.exec(request.headers.get('range') ?? '');
      if (!range)
        return HttpResponse.arrayBuffer(bytes.buffer, {
          headers: { 'content-type': 'audio/wav', 'accept-ranges': 'bytes' },
        });
      const from = Number(range[1]);
      const to = range[2] === '' ? bytes.length - 1 : Number(range[2]);
      return HttpResponse.arrayBuffer(bytes.slice(from, to + 1).buffer, {
        status: 206,
        headers: { 'content-type': 'audio/wav', 'content-range': `bytes ${from}-${to}/${bytes.length}` },
      });
    }),
  ];
}
