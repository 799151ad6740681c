import { useTranslation } from 'react-i18next';

import { formatExact, formatNumber, formatRelative } from '@/shared/lib/format';
import { useNow } from '@/shared/lib/hooks';
import { Badge } from '@/shared/ui/badge';
import { Ltr } from '@/shared/ui/text';

import type { RetryingEvent, Worker } from './queries';

/** Most events of one worker that the server names; there may be more of them. */
const MOST = 20;
/** How often ages and waits are told anew, milliseconds: retries are minutes apart, the first ones seconds. */
const TICK_MS = 10_000;

/** How many of a worker's events failed and will be tried again. */
export function RetryingCount({ worker: { retrying } }: { worker: Worker }) {
  const { t } = useTranslation();
  if (retrying.length === 0) return null;
  const formatted = retrying.length < MOST ? formatNumber(retrying.length) : `${formatNumber(MOST)}+`;
  return (
    <Badge tone="warn">
      {/* In a table the column's head says the rest. */}
      <Ltr className="max-lg:hidden">{formatted}</Ltr>
      <span className="lg:hidden">{t('workers:retrying.count', { formatted })}</span>
    </Badge>
  );
}

/** A worker's events that will be tried again, those that have failed for longest first. */
export function RetryingEvents({ worker: { name, retrying } }: { worker: Worker }) {
  const { t } = useTranslation();
  const now = useNow(TICK_MS);
  return (
    <>
      <ul aria-label={t('workers:retrying.label', { name })} className="flex flex-col gap-2">
        {retrying.map((event) => (
          <li key={event.event_id} className="rounded-xl bg-warn-tint/60 px-3 py-2.5">
            <Retry event={event} now={now} />
          </li>
        ))}
      </ul>
      {retrying.length >= MOST && (
        <p className="mt-2 text-sm text-muted">
          {t('workers:retrying.oldest', { formatted: formatNumber(MOST) })}
        </p>
      )}
    </>
  );
}

function Retry({ event, now }: { event: RetryingEvent; now: number }) {
  const { t } = useTranslation();
  const due = Date.parse(event.next_attempt_at) <= now;
  return (
    <>
      {event.error === '' ? (
        <p className="text-sm">{t('workers:retrying.noCause')}</p>
      ) : (
        <code dir="ltr" className="block w-fit max-w-full font-mono text-sm wrap-anywhere">
          {event.error}
        </code>
      )}
      <p className="mt-1 flex flex-wrap gap-x-3 gap-y-0.5 text-xs text-muted">
        <Ltr className="wrap-anywhere">{event.type}</Ltr>
        <span>
          {t('workers:retrying.attempts', {
            count: event.attempts,
            formatted: formatNumber(event.attempts),
          })}
        </span>
        <Moment at={event.first_failed_at}>
          {t('workers:retrying.first', { when: formatRelative(event.first_failed_at, now) })}
        </Moment>
        <Moment at={event.next_attempt_at}>
          {due
            ? t('workers:retrying.due')
            : t('workers:retrying.next', { when: formatRelative(event.next_attempt_at, now) })}
        </Moment>
      </p>
    </>
  );
}

/** A sentence about a moment, the exact time for those who ask. */
function Moment({ at, children }: { at: string; children: string }) {
  return (
    <time dateTime={at} title={formatExact(at)}>
      {children}
    </time>
  );
}
