import { useMutation, useQuery } from '@tanstack/react-query';
import { toast } from '@/shared/ui/toast';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { formatNumber } from '@/shared/lib/format';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { Facts } from '@/shared/ui/facts';
import { Page } from '@/shared/ui/page';
import { Failed, SkeletonRows } from '@/shared/ui/states';
import { Typed, When } from '@/shared/ui/text';

import { cancelReplay, type Replay, replayQuery } from './api';

const route = getRouteApi('/app/admin/replays/$id');

/** How far a replay has come. */
export function ReplayLine({ replay, linked = false }: { replay: Replay; linked?: boolean }) {
  const { t } = useTranslation();
  const done = replay.succeeded + replay.failed;
  const part = replay.total === 0 ? 1 : done / replay.total;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
        {linked ? (
          <Link to="/admin/replays/$id" params={{ id: replay.id }} className="font-medium after:absolute after:inset-0 after:content-['']">
            <Typed>{replay.reason}</Typed>
          </Link>
        ) : (
          <p className="font-medium" role="status">
            {t('failed.progress', { done: formatNumber(done), total: formatNumber(replay.total) })}
          </p>
        )}
        <Badge tone={replay.state === 'running' ? 'primary' : replay.state === 'finished' ? (replay.failed > 0 ? 'warn' : 'good') : 'neutral'}>{t(`failed.replayState.${replay.state}`)}</Badge>
      </div>
      <progress value={part} max={1} aria-label={t('failed.progressLabel')} className="h-2.5 w-full appearance-none overflow-hidden rounded-full bg-hover [&::-moz-progress-bar]:bg-primary [&::-webkit-progress-bar]:bg-hover [&::-webkit-progress-value]:bg-primary" />
      <p className="text-sm text-muted">
        {t('failed.results', { succeeded: formatNumber(replay.succeeded), failed: formatNumber(replay.failed) })} · <When at={replay.created_at} />
      </p>
    </div>
  );
}

/** One replay, followed to its end. */
export function ReplayPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const query = useQuery(replayQuery(id));
  const cancel = useMutation({ mutationFn: () => cancelReplay(id), onError: (error) => toast.error(sentence(error, t)) });
  const replay = query.data;
  return (
    <Page
      title={t('failed.replayTitle')}
      back={{ to: '/admin/failed', label: t('failed.title') }}
      width="narrow"
      actions={
        replay?.state === 'running' && (
          <Button variant="secondary" busy={cancel.isPending} onClick={() => cancel.mutate()}>
            {t('failed.cancelReplay')}
          </Button>
        )
      }
    >
      {replay ? (
        <Card className="flex flex-col gap-5 p-4 md:p-5">
          <ReplayLine replay={replay} />
          <Facts
            facts={[
              [t('failed.reason'), <Typed key="reason">{replay.reason}</Typed>],
              [t('failed.by'), replay.created_by_name ? <Typed>{replay.created_by_name}</Typed> : null],
              [t('failed.finished'), replay.finished_at ? <When at={replay.finished_at} /> : null],
            ]}
          />
        </Card>
      ) : query.isError ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonRows rows={1} />
      )}
    </Page>
  );
}
