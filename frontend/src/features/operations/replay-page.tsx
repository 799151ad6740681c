import { useQuery } from '@tanstack/react-query';
import { announce } from '@/shared/ui/toast';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { deferred } from '@/shared/lib/deferred';
import { formatNumber } from '@/shared/lib/format';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card, Section } from '@/shared/ui/card';
import { Facts } from '@/shared/ui/facts';
import { Page } from '@/shared/ui/page';
import { Failed, SkeletonRows } from '@/shared/ui/states';
import { Ltr, Typed, When } from '@/shared/ui/text';

import { cancelReplay } from './api';
import { failedAgainQuery, type Replay, replayQuery } from './queries';

const ReasonDialog = deferred(async () => (await import('./reason-dialog')).ReasonDialog);
const route = getRouteApi('/app/admin/replays/$id');

const STATES = ['running', 'finished', 'cancelled'] as const;

/** How far a replay has come. */
export function ReplayLine({ replay, linked = false }: { replay: Replay; linked?: boolean }) {
  const { t } = useTranslation();
  const { counts } = replay;
  const state = STATES.find((known) => known === replay.state) ?? 'running';
  const done = replay.total - counts.pending - counts.in_flight;
  const part = replay.total === 0 ? 1 : done / replay.total;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
        {linked ? (
          <Link
            to="/admin/replays/$id"
            params={{ id: replay.id }}
            className="font-medium after:absolute after:inset-0 after:content-['']"
          >
            <Typed>{replay.reason}</Typed>
          </Link>
        ) : (
          <p className="font-medium" role="status">
            {t('operations:failed.progress', { done: formatNumber(done), total: formatNumber(replay.total) })}
          </p>
        )}
        <Badge
          tone={
            state === 'running'
              ? 'primary'
              : state === 'finished'
                ? counts.failed > 0
                  ? 'warn'
                  : 'good'
                : 'neutral'
          }
        >
          {t(`operations:failed.replayState.${state}`)}
        </Badge>
      </div>
      <progress
        value={part}
        max={1}
        aria-label={t('operations:failed.progressLabel')}
        className="h-2.5 w-full appearance-none overflow-hidden rounded-full bg-hover [&::-moz-progress-bar]:bg-primary [&::-webkit-progress-bar]:bg-hover [&::-webkit-progress-value]:bg-primary"
      />
      <p className="text-sm text-muted">
        {t('operations:failed.results', {
          succeeded: formatNumber(counts.succeeded + counts.already_applied),
          failed: formatNumber(counts.failed),
        })}{' '}
        · <When at={replay.created_at} />
      </p>
    </div>
  );
}

const COUNTS = [
  'pending',
  'in_flight',
  'succeeded',
  'already_applied',
  'failed',
  'skipped',
  'cancelled',
] as const;

/** One replay, followed to its end. */
export function ReplayPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const query = useQuery(replayQuery(id));
  const [stopping, setStopping] = useState(false);
  const replay = query.data;
  return (
    <Page
      title={
        replay
          ? t('operations:failed.number', { number: formatNumber(replay.number) })
          : t('operations:failed.replayTitle')
      }
      back={{ to: '/admin/failed', label: t('operations:failed.title') }}
      width="narrow"
      actions={
        replay?.state === 'running' && (
          <Button variant="secondary" onClick={() => setStopping(true)}>
            {t('operations:failed.cancelReplay.action')}
          </Button>
        )
      }
    >
      {replay ? (
        <>
          <Card className="flex flex-col gap-5 p-4 md:p-5">
            <ReplayLine replay={replay} />
            <Facts
              facts={[
                ...COUNTS.filter((kind) => replay.counts[kind] > 0).map((kind): [string, React.ReactNode] => [
                  t(`operations:failed.counts.${kind}`),
                  <Ltr key={kind}>{formatNumber(replay.counts[kind])}</Ltr>,
                ]),
                [t('operations:failed.reason'), <Typed key="reason">{replay.reason}</Typed>],
                [t('operations:failed.by'), <Typed key="by">{replay.requested_by}</Typed>],
                [t('operations:failed.rate'), <Ltr key="rate">{formatNumber(replay.rate)}</Ltr>],
                [
                  t('operations:failed.finished'),
                  replay.finished_at ? <When at={replay.finished_at} /> : null,
                ],
              ]}
            />
          </Card>
          <FailedAgain replay={replay} />
        </>
      ) : query.isError ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonRows rows={1} />
      )}
      <ReasonDialog
        open={stopping}
        onClose={() => setStopping(false)}
        title={t('operations:failed.cancelReplay.title')}
        description={t('operations:failed.cancelHint')}
        submit={t('operations:failed.cancelReplay.submit')}
        onSubmit={async (reason) => {
          const count = await cancelReplay(id, reason);
          announce(t('operations:failed.cancelled', { count, formatted: formatNumber(count) }));
        }}
      />
    </Page>
  );
}

function FailedAgain({ replay }: { replay: Replay }) {
  const { t } = useTranslation();
  const query = useQuery(failedAgainQuery(replay.id, replay.counts.failed));
  const items = query.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Section title={t('operations:failed.failedAgain')}>
      <ul className="-my-2 flex flex-col divide-y">
        {items.map((item) => (
          <li key={item.position} className="relative flex items-center justify-between gap-3 py-3 text-sm">
            {item.dead_letter_id === null ? (
              <Typed className="min-w-0 wrap-anywhere">{item.error ?? ''}</Typed>
            ) : (
              <Link
                to="/admin/failed/$id"
                params={{ id: item.dead_letter_id }}
                className="min-w-0 font-medium wrap-anywhere after:absolute after:inset-0 after:content-['']"
              >
                <Typed>{item.error ?? t('operations:failed.noError')}</Typed>
              </Link>
            )}
            <Badge>
              <Ltr>{item.worker}</Ltr>
            </Badge>
          </li>
        ))}
      </ul>
    </Section>
  );
}
