/** Counters for Prometheus, in its text format. No label names a person, a number or a session. */
import type { Unreadable } from './session/reasons.js';

const COUNTERS = {
  connects: 'Sockets opened towards WhatsApp.',
  facts_delivered: 'Facts that the ingress has kept.',
  facts_retried: 'Tries to deliver a fact that failed and are repeated.',
  facts_rejected: 'Facts that the ingress refused for good.',
  leases_lost: 'Sessions given up because their lease ran out or was taken.',
  requests_refused: 'HTTP requests without a valid signature.',
  unexpected_errors: 'Errors inside the library that nobody waited for.',
} as const;
export type Counter = keyof typeof COUNTERS;

export interface Gauges {
  readonly phases: ReadonlyMap<string, number>;
  readonly outboxWaiting: number;
  readonly outboxOldestSeconds: number;
  readonly rowsToReseal: number;
}

export class Metrics {
  readonly #counts = new Map<Counter, number>();
  readonly #closes = new Map<string, number>();
  readonly #unreadable = new Map<Unreadable, number>([
    ['key_missing', 0],
    ['credentials_unreadable', 0],
  ]);

  count(name: Counter, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  /** A socket ended, with WhatsApp's code. */
  closed(code: number | null): void {
    const label = code === null ? 'none' : String(code);
    this.#closes.set(label, (this.#closes.get(label) ?? 0) + 1);
  }

  /** A session was stopped because a row of its could not be opened. */
  unreadable(code: Unreadable): void {
    this.#unreadable.set(code, (this.#unreadable.get(code) ?? 0) + 1);
  }

  render(gauges: Gauges): string {
    const { rss, heapUsed } = process.memoryUsage();
    const lines = [
      ...Object.entries(COUNTERS).flatMap(([name, help]) =>
        metric(`prosaas_whatsapp_${name}_total`, 'counter', help, [
          ['', this.#counts.get(name as Counter) ?? 0],
        ]),
      ),
      ...metric(
        'prosaas_whatsapp_closes_total',
        'counter',
        'Sockets that ended, by code.',
        labelled('code', this.#closes),
      ),
      ...metric(
        'prosaas_whatsapp_unreadable_total',
        'counter',
        'Sessions that were stopped because a stored row cannot be opened, by reason.',
        labelled('code', this.#unreadable),
      ),
      ...metric(
        'prosaas_whatsapp_sessions',
        'gauge',
        'Sessions in this process, by state.',
        labelled('state', gauges.phases),
      ),
      ...metric('prosaas_whatsapp_outbox_waiting', 'gauge', 'Facts not delivered yet.', [
        ['', gauges.outboxWaiting],
      ]),
      ...metric('prosaas_whatsapp_outbox_oldest_seconds', 'gauge', 'Age of the oldest of them.', [
        ['', gauges.outboxOldestSeconds],
      ]),
      ...metric(
        'prosaas_whatsapp_rows_to_reseal',
        'gauge',
        'Rows sealed by another key than the first of BAILEYS_ENCRYPTION_KEY.',
        [['', gauges.rowsToReseal]],
      ),
      ...metric('process_resident_memory_bytes', 'gauge', 'Resident memory.', [['', rss]]),
      ...metric('process_heap_used_bytes', 'gauge', 'Heap in use.', [['', heapUsed]]),
    ];
    return `${lines.join('\n')}\n`;
  }
}

type Sample = [labels: string, value: number];

function labelled(label: string, values: ReadonlyMap<string, number>): Sample[] {
  return [...values].map(([value, count]) => [`{${label}="${value}"}`, count]);
}

function metric(name: string, type: 'counter' | 'gauge', help: string, samples: Sample[]): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
  ];
}
