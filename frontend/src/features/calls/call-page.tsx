import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { UserRound } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { formatDuration, formatExact } from '@/shared/lib/format';
import { Button } from '@/shared/ui/button';
import { Section } from '@/shared/ui/card';
import { Facts } from '@/shared/ui/facts';
import { Page } from '@/shared/ui/page';
import { Failed, SkeletonRows } from '@/shared/ui/states';
import { Ltr, Phone, Typed } from '@/shared/ui/text';

import { type Call, callQuery } from './queries';
import { CallBackButtons } from './call-back';
import { useCallerName } from './caller';
import { CallHistory } from './history';
import { RecordingPlayer } from './recording';
import { CallBadge, CallStatusText } from './status';

const route = getRouteApi('/app/calls/$callSid');

/** How forwarding ended: what picked up need not have been a person. */
function dialOutcome(call: Call) {
  if (call.answered) return 'history:dial.taken' as const;
  if (call.dial_outcome === 'completed') return 'history:dial.notTaken' as const;
  return `calls:status.${call.dial_outcome ?? 'unknown'}` as const;
}

/** Everything about one call. */
export function CallPage() {
  const { t } = useTranslation();
  const { callSid } = route.useParams();
  const query = useQuery(callQuery(callSid));
  const name = useCallerName();
  const back = { to: '/calls', label: t('calls:title') };
  if (query.data === undefined) {
    return (
      <Page title={t('history:one')} back={back} width="narrow">
        {query.isError ? (
          <Failed error={query.error} retry={() => void query.refetch()} />
        ) : (
          <SkeletonRows rows={3} />
        )}
      </Page>
    );
  }
  const call = query.data;
  return (
    <Page
      title={name(call)}
      back={back}
      width="narrow"
      hint={
        <span className="flex flex-wrap items-center gap-2">
          <CallBadge call={call} /> <CallStatusText call={call} />
        </span>
      }
    >
      <div className="flex flex-wrap items-center gap-1.5">
        <CallBackButtons call={call} />
        {call.lead && (
          <Button asChild variant="ghost" className="text-on-tint!">
            <Link to="/leads/$id" params={{ id: call.lead.id }}>
              <UserRound aria-hidden />
              {t('history:openLead')}
            </Link>
          </Button>
        )}
      </div>
      {call.recordings.length > 0 && (
        <Section title={t('calls:recording.title')}>
          <div className="flex flex-col gap-3">
            {call.recordings.map((recording) => (
              <RecordingPlayer key={recording.recording_sid} recording={recording} />
            ))}
          </div>
        </Section>
      )}
      <Section title={t('history:details')}>
        <Facts
          facts={[
            [t('history:from'), call.from_e164 ? <Phone value={call.from_e164} link /> : t('calls:withheld')],
            [t('calls:to'), call.to ? <Phone value={call.to} /> : null],
            [t('history:callerName'), call.caller_name ? <Typed>{call.caller_name}</Typed> : null],
            [t('history:forwardedFrom'), call.forwarded_from ? <Phone value={call.forwarded_from} /> : null],
            [t('history:started'), <Ltr key="started">{formatExact(call.started_at)}</Ltr>],
            [t('history:ended'), call.ended_at ? <Ltr>{formatExact(call.ended_at)}</Ltr> : null],
            [
              t('calls:columns.length'),
              typeof call.duration_s === 'number' ? <Ltr>{formatDuration(call.duration_s)}</Ltr> : null,
            ],
            [t('calls:answer.title'), call.answer ? t(`calls:answer.${call.answer}`) : null],
            [t('history:dialOutcome'), call.dial_outcome ? t(dialOutcome(call)) : null],
            [t('history:person'), call.person?.name ? <Typed>{call.person.name}</Typed> : null],
            [
              t('history:lastSpokeWith'),
              call.last_spoke_with?.name ? <Typed>{call.last_spoke_with.name}</Typed> : null,
            ],
            [t('history:answeredBy'), call.answered_by ? <Phone value={call.answered_by} /> : null],
            [
              t('history:calledBackBy'),
              call.called_back_by?.name ? <Typed>{call.called_back_by.name}</Typed> : null,
            ],
            [
              t('history:sid'),
              <Ltr key="sid" className="wrap-anywhere whitespace-normal! text-xs">
                {call.call_sid}
              </Ltr>,
            ],
          ]}
        />
      </Section>
      <Section title={t('history:history')}>
        <CallHistory events={call.history} />
      </Section>
    </Page>
  );
}
