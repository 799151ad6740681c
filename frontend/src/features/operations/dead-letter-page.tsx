import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Eye, RotateCcw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { deferred } from '@/shared/lib/deferred';
import { formatExact, formatNumber } from '@/shared/lib/format';
import { Button } from '@/shared/ui/button';
import { Section } from '@/shared/ui/card';
import { Facts } from '@/shared/ui/facts';
import { Page } from '@/shared/ui/page';
import { Failed, Notice, SkeletonRows } from '@/shared/ui/states';
import { Ltr, Typed } from '@/shared/ui/text';

import { deadLetterQuery, type FullDeadLetter } from './queries';
import { DeadLetterBadge } from './state-badge';

const ActDialog = deferred(async () => (await import('./act-dialog')).ActDialog);
const route = getRouteApi('/app/admin/failed/$id');

/** Why an event was given up, as far as there are words for it. */
const REASONS = [
  'permanent',
  'exhausted',
  'undecodable',
  'rejected',
  'max_deliveries',
  'terminated',
] as const;

/** One failed event: what it was, why it failed, how often it was tried. */
export function DeadLetterPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const [revealed, setRevealed] = useState(false);
  const query = useQuery(deadLetterQuery(id, false));
  const whole = useQuery({ ...deadLetterQuery(id, true), enabled: revealed });
  const [act, setAct] = useState<'replay' | 'discard' | null>(null);
  const back = { to: '/admin/failed', label: t('operations:failed.title') };
  const letter = (revealed ? whole.data : undefined) ?? query.data;
  if (!letter) {
    return (
      <Page title={t('operations:failed.one')} back={back}>
        {query.isError ? (
          <Failed error={query.error} retry={() => void query.refetch()} />
        ) : (
          <SkeletonRows rows={3} />
        )}
      </Page>
    );
  }
  return (
    <Page
      title={t('operations:failed.one')}
      hint={<DeadLetterBadge state={letter.state} />}
      back={back}
      actions={
        letter.state === 'new' && (
          <>
            <Button onClick={() => setAct('replay')}>
              <RotateCcw aria-hidden />
              {t('operations:failed.replay.action')}
            </Button>
            <Button variant="quietDanger" onClick={() => setAct('discard')}>
              <Trash2 aria-hidden />
              {t('operations:failed.discard.action')}
            </Button>
          </>
        )
      }
    >
      <Section title={t('operations:failed.cause')}>
        <ol className="flex flex-col gap-2">
          {letter.error_chain.map((error, depth) => (
            <li key={depth} className={depth === 0 ? 'font-medium' : 'border-s-2 ps-3 text-sm text-muted'}>
              <Typed className="wrap-anywhere">{error}</Typed>
            </li>
          ))}
        </ol>
      </Section>
      <Details letter={letter} />
      <Attempts letter={letter} />
      <Payload
        letter={letter}
        busy={revealed && whole.isFetching}
        failure={revealed ? whole.error : null}
        onReveal={() => setRevealed(true)}
      />
      <ActDialog what={act} selection={{ ids: [letter.id] }} onClose={() => setAct(null)} />
    </Page>
  );
}

function Details({ letter }: { letter: FullDeadLetter }) {
  const { t } = useTranslation();
  const why = REASONS.find((known) => known === letter.reason);
  const id = (value: string | null) =>
    value === null ? null : <Ltr className="text-xs whitespace-normal! wrap-anywhere">{value}</Ltr>;
  return (
    <Section title={t('operations:failed.details')}>
      <Facts
        facts={[
          [
            t('operations:failed.columns.type'),
            letter.type === null ? null : (
              <Ltr className="whitespace-normal! wrap-anywhere">{letter.type}</Ltr>
            ),
          ],
          [
            t('operations:failed.columns.subject'),
            <Ltr key="subject" className="whitespace-normal! wrap-anywhere">
              {letter.subject}
            </Ltr>,
          ],
          [t('operations:failed.columns.worker'), <Ltr key="worker">{letter.worker}</Ltr>],
          [t('operations:failed.process'), letter.process === null ? null : <Ltr>{letter.process}</Ltr>],
          [
            t('operations:failed.why'),
            why === undefined ? <Ltr key="why">{letter.reason}</Ltr> : t(`operations:failed.reasons.${why}`),
          ],
          [t('operations:failed.attempts'), <Ltr key="attempts">{formatNumber(letter.attempts)}</Ltr>],
          [t('operations:failed.firstDied'), <Ltr key="first">{formatExact(letter.first_died_at)}</Ltr>],
          [t('operations:failed.columns.when'), <Ltr key="when">{formatExact(letter.died_at)}</Ltr>],
          [
            t('operations:failed.business'),
            letter.business_name === null ? null : <Typed>{letter.business_name}</Typed>,
          ],
          [
            t('operations:failed.stream'),
            letter.stream === null ? null : <Ltr>{`${letter.stream} ${letter.stream_sequence ?? ''}`}</Ltr>,
          ],
          [t('operations:failed.columns.entity'), id(letter.entity)],
          [t('operations:failed.event'), id(letter.event_id)],
          [t('operations:failed.trace'), id(letter.trace_id)],
          [t('operations:failed.settledBy'), letter.settled?.by ? <Typed>{letter.settled.by}</Typed> : null],
          [
            t('operations:failed.settledWhy'),
            letter.settled?.reason ? <Typed>{letter.settled.reason}</Typed> : null,
          ],
          [
            t('operations:failed.replaysOf'),
            letter.replay_ids.length === 0 ? null : (
              <span className="flex flex-wrap gap-x-3">
                {letter.replay_ids.map((replay, index) => (
                  <Link
                    key={replay}
                    to="/admin/replays/$id"
                    params={{ id: replay }}
                    className="inline-flex min-h-11 items-center text-on-tint underline"
                  >
                    {t('operations:failed.life', { replay: formatNumber(index + 1) })}
                  </Link>
                ))}
              </span>
            ),
          ],
        ]}
      />
    </Section>
  );
}

function Attempts({ letter }: { letter: FullDeadLetter }) {
  const { t } = useTranslation();
  if (letter.attempt_log.length === 0) return null;
  return (
    <Section title={t('operations:failed.attempts')}>
      <ol className="flex flex-col gap-2 text-sm">
        {letter.attempt_log.map((attempt, index) => (
          <li key={index} className="flex flex-wrap justify-between gap-x-4">
            <span className="min-w-0 wrap-anywhere">
              <Typed>{attempt.error}</Typed>
            </span>
            <span className="text-muted">
              {attempt.replay === 0
                ? t('operations:failed.original')
                : t('operations:failed.life', { replay: formatNumber(attempt.replay) })}
              {' · '}
              <Ltr>{formatNumber(attempt.attempt)}</Ltr>
              {attempt.at !== null && (
                <>
                  {' · '}
                  <Ltr>{formatExact(attempt.at)}</Ltr>
                </>
              )}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

interface PayloadProps {
  letter: FullDeadLetter;
  busy: boolean;
  failure: Error | null;
  onReveal: () => void;
}

/** The event itself, personal data masked until the operator asks for it. */
function Payload({ letter, busy, failure, onReveal }: PayloadProps) {
  const { t } = useTranslation();
  const { payload } = letter;
  const text =
    payload === null ? null : payload.json === null ? payload.base64 : JSON.stringify(payload.json, null, 2);
  const headers = letter.headers.map(({ name, value }) => `${name}: ${value}`).join('\n');
  return (
    <Section
      title={t('operations:failed.payload')}
      hint={t(
        payload === null
          ? 'operations:failed.noPayload'
          : letter.masked
            ? 'operations:failed.maskedHint'
            : 'operations:failed.payloadHint',
      )}
      action={
        letter.masked &&
        payload !== null && (
          <Button variant="secondary" size="small" busy={busy} onClick={onReveal}>
            {!busy && <Eye aria-hidden />}
            {t('operations:failed.reveal')}
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-4">
        {failure !== null && <Notice tone="bad">{sentence(failure, t)}</Notice>}
        {payload?.complete === false && <Notice tone="warn">{t('operations:failed.cut')}</Notice>}
        {text !== null && <Code label={t('operations:failed.payload')}>{text}</Code>}
        {headers !== '' && (
          <div>
            <h3 className="mb-1 text-sm font-medium">{t('operations:failed.headers')}</h3>
            <Code label={t('operations:failed.headers')}>{headers}</Code>
          </div>
        )}
      </div>
    </Section>
  );
}

function Code({ label, children }: { label: string; children: string }) {
  return (
    <pre
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
      tabIndex={0}
      role="region"
      aria-label={label}
      dir="ltr"
      className="max-h-96 overflow-auto rounded-xl bg-hover p-3 text-start text-xs"
    >
      {children}
    </pre>
  );
}
