import { useInfiniteQuery } from '@tanstack/react-query';
import { History, PhoneIncoming, PhoneMissed } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import type { Schemas } from '@/shared/api/types';
import { CallStatusText, RecordingPlayer } from '@/features/calls';
import { useActionName } from '@/shared/i18n/actions';
import { Infinite } from '@/shared/list/infinite';
import { Section } from '@/shared/ui/card';
import { Empty } from '@/shared/ui/states';
import { Typed, When } from '@/shared/ui/text';

import { timelineQuery } from './queries';

/** What happened with a lead: calls with their recordings, and who changed what. */
export function Timeline({ id }: { id: string }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(timelineQuery(id));
  return (
    <Section title={t('leads:timeline.title')}>
      <Infinite
        query={query}
        empty={<Empty icon={History} title={t('leads:timeline.empty')} className="py-6!" />}
      >
        {(entries) => (
          <ol className="flex flex-col">
            {entries.map((entry) => (
              <li
                key={entry.kind === 'call' ? entry.call.call_sid : entry.change.id}
                className="relative flex gap-3 pb-5 before:absolute before:start-4.5 before:top-10 before:bottom-0.5 before:w-px before:bg-line last:pb-0 last:before:hidden"
              >
                {entry.kind === 'call' ? (
                  <CallEntry call={entry.call} />
                ) : (
                  <ChangeEntry at={entry.at} change={entry.change} />
                )}
              </li>
            ))}
          </ol>
        )}
      </Infinite>
    </Section>
  );
}

function CallEntry({ call }: { call: Schemas['Call'] }) {
  const { t } = useTranslation();
  const Icon = call.missed ? PhoneMissed : PhoneIncoming;
  return (
    <>
      <span
        className={
          call.missed
            ? 'grid size-9 shrink-0 place-items-center rounded-full bg-bad-tint text-bad'
            : 'grid size-9 shrink-0 place-items-center rounded-full bg-good-tint text-good'
        }
      >
        <Icon aria-hidden className="size-4.5" />
      </span>
      <div className="min-w-0 grow">
        <p className="text-sm font-medium">{t(call.missed ? 'calls:missed' : 'calls:answered')}</p>
        <p className="text-xs text-muted">
          <When at={call.started_at} /> · <CallStatusText call={call} />
        </p>
        {call.recordings.map((recording) => (
          <RecordingPlayer key={recording.recording_sid} recording={recording} className="mt-2" />
        ))}
      </div>
    </>
  );
}

function ChangeEntry({ at, change }: { at: string; change: Schemas['LeadChange'] }) {
  const { t } = useTranslation();
  const name = useActionName();
  return (
    <>
      <span className="grid size-9 shrink-0 place-items-center rounded-full bg-hover text-muted">
        <History aria-hidden className="size-4.5" />
      </span>
      <div className="min-w-0 grow">
        <p className="text-sm font-medium">{name(change.action)}</p>
        <p className="text-xs text-muted">
          <When at={at} /> ·{' '}
          {change.actor ? <Typed>{change.actor.name ?? ''}</Typed> : t('leads:timeline.system')}
        </p>
      </div>
    </>
  );
}
