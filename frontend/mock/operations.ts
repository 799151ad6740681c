/** What operators see: failed events, replays, workers. */
import type { Schemas } from '@/shared/api/types';

import { ago, ahead, BUSINESS, sid, uuid } from './base';

/** Of the pretended server's data. */
export interface Operations {
  groups: Schemas['DeadLetterGroup'][];
  letters: Schemas['DeadLetterItem'][];
  replays: Schemas['Replay'][];
  workers: Schemas['WorkerItem'][];
}

/** Events that wait for another try: one young, one that has tried for hours. */
function makeRetrying(): Schemas['RetryingEvent'][] {
  const type = 'pro.prosaas.recording.available.v1';
  return [
    {
      worker: 'recordings',
      event_id: 'RE2-available',
      type,
      business_id: BUSINESS,
      attempts: 7,
      error: 'disk full: No space left on device (os error 28)',
      received_at: ago(185),
      first_failed_at: ago(180),
      next_attempt_at: ahead(12),
    },
    {
      worker: 'recordings',
      event_id: 'RE1-available',
      type,
      business_id: null,
      attempts: 2,
      error: 'Twilio does not have the recording yet',
      received_at: ago(4),
      first_failed_at: ago(3),
      next_attempt_at: ahead(1),
    },
  ];
}

function makeLetters(): Schemas['DeadLetterItem'][] {
  return Array.from({ length: 14 }, (_, n) => ({
    id: uuid(4100 + n),
    state: 'new' as const,
    worker: n % 3 === 0 ? 'recordings' : 'calls',
    type: n % 3 === 0 ? 'pro.prosaas.recording.available.v1' : 'pro.prosaas.call.status.v1',
    business_id: BUSINESS,
    business_name: 'גינות השרון',
    entity: sid('CA', n),
    fingerprint: n % 3 === 0 ? 'f2' : 'f1',
    reason: n % 3 === 0 ? ('exhausted' as const) : ('permanent' as const),
    error:
      n % 3 === 0
        ? 'recording could not be fetched: 404 Not Found'
        : 'status 22P02: invalid input syntax for type bigint',
    attempts: n % 3 === 0 ? 8 : 1,
    replays: 0,
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    first_died_at: ago(60 + n * 33),
    died_at: ago(60 + n * 33),
  }));
}

/** At the start. */
export function makeOperations(): Operations {
  return {
    groups: [
      {
        worker: 'calls',
        fingerprint: 'f1',
        error: 'status 22P02: invalid input syntax for type bigint',
        type: 'pro.prosaas.call.status.v1',
        count: 9,
        businesses: 1,
        first_died_at: ago(2000),
        last_died_at: ago(65),
      },
      {
        worker: 'recordings',
        fingerprint: 'f2',
        error: 'recording could not be fetched: 404 Not Found',
        type: 'pro.prosaas.recording.available.v1',
        count: 5,
        businesses: 1,
        first_died_at: ago(900),
        last_died_at: ago(60),
      },
    ],
    letters: makeLetters(),
    replays: [
      {
        id: uuid(400),
        number: 16,
        kind: 'dead_letters',
        state: 'finished',
        reason: 'אחרי תיקון הגירסה של הבוקר',
        rate: 50,
        requested_by: 'תמר ביטון',
        selection: {},
        total: 120,
        counts: {
          pending: 0,
          in_flight: 0,
          succeeded: 110,
          already_applied: 8,
          failed: 2,
          skipped: 0,
          cancelled: 0,
        },
        created_at: ago(3000),
        started_at: ago(3000),
        finished_at: ago(2990),
      },
    ],
    workers: [
      {
        name: 'calls',
        stream: 'CALLS',
        state: 'running',
        pausable: true,
        paused: null,
        waiting: 0,
        in_progress: 1,
        redelivered: 0,
        retrying: [],
        dead_letters_open: 9,
      },
      {
        name: 'recordings',
        stream: 'RECORDINGS',
        state: 'running',
        pausable: true,
        paused: null,
        waiting: 3,
        in_progress: 2,
        redelivered: 2,
        retrying: makeRetrying(),
        dead_letters_open: 5,
      },
      {
        name: 'crm',
        stream: 'CRM',
        state: 'absent',
        pausable: true,
        paused: null,
        waiting: 0,
        in_progress: 0,
        redelivered: 0,
        retrying: [],
        dead_letters_open: 0,
      },
      {
        name: 'whatsapp',
        stream: 'WHATSAPP',
        state: 'paused',
        pausable: true,
        paused: { since: ago(6), until: null, reason: 'עד שספק הוואטסאפ יחזור', by: 'תמר ביטון' },
        waiting: 12,
        in_progress: 0,
        redelivered: 0,
        retrying: [],
        dead_letters_open: 0,
      },
      {
        name: 'dead-letters',
        stream: 'DEAD',
        state: 'running',
        pausable: false,
        paused: null,
        waiting: 0,
        in_progress: 0,
        redelivered: 0,
        retrying: [],
        dead_letters_open: 0,
      },
    ],
  };
}
