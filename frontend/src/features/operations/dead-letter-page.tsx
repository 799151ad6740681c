import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { RotateCcw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { deferred } from '@/shared/lib/deferred';
import { formatExact } from '@/shared/lib/format';
import { Button } from '@/shared/ui/button';
import { Section } from '@/shared/ui/card';
import { Facts } from '@/shared/ui/facts';
import { Page } from '@/shared/ui/page';
import { Failed, SkeletonRows } from '@/shared/ui/states';
import { Ltr, Typed } from '@/shared/ui/text';

import { deadLetterQuery } from './api';
import { DeadLetterBadge } from './state-badge';

const ActDialog = deferred(async () => (await import('./act-dialog')).ActDialog);
const route = getRouteApi('/app/admin/failed/$id');

/** One failed event: what it was, why it failed, how often it was tried. */
export function DeadLetterPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const query = useQuery(deadLetterQuery(id));
  const [act, setAct] = useState<'replay' | 'discard' | null>(null);
  const back = { to: '/admin/failed', label: t('failed.title') };
  const letter = query.data;
  if (!letter) {
    return (
      <Page title={t('failed.one')} back={back}>
        {query.isError ? <Failed error={query.error} retry={() => void query.refetch()} /> : <SkeletonRows rows={3} />}
      </Page>
    );
  }
  const payload = letter.payload === null || letter.payload === undefined ? (letter.payload_text ?? '') : JSON.stringify(letter.payload, null, 2);
  return (
    <Page
      title={t('failed.one')}
      hint={<DeadLetterBadge state={letter.state} />}
      back={back}
      actions={
        letter.state === 'open' && (
          <>
            <Button onClick={() => setAct('replay')}>
              <RotateCcw aria-hidden />
              {t('failed.replay.action')}
            </Button>
            <Button variant="quietDanger" onClick={() => setAct('discard')}>
              <Trash2 aria-hidden />
              {t('failed.discard.action')}
            </Button>
          </>
        )
      }
    >
      <Section title={t('failed.cause')}>
        <ol className="flex flex-col gap-2">
          {letter.error_chain.map((error, depth) => (
            <li key={depth} className={depth === 0 ? 'font-medium' : 'border-s-2 ps-3 text-sm text-muted'}>
              <Typed className="wrap-anywhere">{error}</Typed>
            </li>
          ))}
        </ol>
      </Section>
      <Section title={t('failed.details')}>
        <Facts
          facts={[
            [t('failed.columns.subject'), <Ltr key="subject" className="whitespace-normal!">{letter.subject}</Ltr>],
            [t('failed.columns.type'), letter.type ? <Ltr className="whitespace-normal!">{letter.type}</Ltr> : null],
            [t('failed.columns.worker'), <Ltr key="consumer">{letter.consumer}</Ltr>],
            [t('failed.process'), letter.worker ? <Ltr>{letter.worker}</Ltr> : null],
            [t('failed.why'), t(`failed.reasons.${letter.reason}`)],
            [t('failed.attempts'), <Ltr key="attempts">{letter.attempts}</Ltr>],
            [t('failed.columns.when'), <Ltr key="when">{formatExact(letter.died_at)}</Ltr>],
            [t('failed.business'), letter.business_name ? <Typed>{letter.business_name}</Typed> : null],
            [t('failed.trace'), letter.trace_id ? <Ltr className="text-xs whitespace-normal!">{letter.trace_id}</Ltr> : null],
            [t('failed.id'), <Ltr key="id" className="text-xs whitespace-normal!">{letter.id}</Ltr>],
          ]}
        />
      </Section>
      {letter.attempt_log.length > 0 && (
        <Section title={t('failed.attempts')}>
          <ol className="flex flex-col gap-2 text-sm">
            {letter.attempt_log.map((attempt) => (
              <li key={attempt.at} className="flex flex-wrap justify-between gap-x-4">
                <span className="min-w-0 wrap-anywhere">{attempt.error ? <Typed>{attempt.error}</Typed> : t('failed.noError')}</span>
                <Ltr className="text-muted">{formatExact(attempt.at)}</Ltr>
              </li>
            ))}
          </ol>
        </Section>
      )}
      <Section title={t('failed.payload')} hint={t('failed.payloadHint')}>
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
        <pre tabIndex={0} role="region" aria-label={t('failed.payload')} dir="ltr" className="max-h-96 overflow-auto rounded-xl bg-hover p-3 text-start text-xs">
          {payload}
        </pre>
      </Section>
      <ActDialog what={act} filter={{ ids: [letter.id] }} onClose={() => setAct(null)} />
    </Page>
  );
}
