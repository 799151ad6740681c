import { PhoneCall, PhoneIncoming, PhoneMissed, PhoneOutgoing } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { cn } from '@/shared/lib/cn';
import { formatDuration } from '@/shared/lib/format';
import { Badge } from '@/shared/ui/badge';
import { Ltr } from '@/shared/ui/text';

import { isLive } from './api';
import { type Call } from './queries';

type Kind = 'live' | 'missed' | 'outgoing' | 'answered';

/** What kind of call it was, as its owner sees it. */
export function callKind(call: Call): Kind {
  if (isLive(call)) return 'live';
  if (call.missed) return 'missed';
  return call.direction?.startsWith('outbound') === true ? 'outgoing' : 'answered';
}

/** Whether nobody knows how it ended: no last status came, and Twilio does not know the call. */
function isUnknown(call: Call): boolean {
  return call.unknown && call.ended_at === null;
}

const LOOKS = {
  live: { icon: PhoneCall, classes: 'bg-tint text-on-tint' },
  missed: { icon: PhoneMissed, classes: 'bg-bad-tint text-bad' },
  outgoing: { icon: PhoneOutgoing, classes: 'bg-hover text-ink' },
  answered: { icon: PhoneIncoming, classes: 'bg-good-tint text-good' },
} as const;

/** A call's picture. The words beside it say the same. */
export function CallIcon({ call, className }: { call: Call; className?: string }) {
  const { icon: Icon, classes } = LOOKS[callKind(call)];
  return (
    <span
      aria-hidden
      className={cn('grid size-11 shrink-0 place-items-center rounded-full', classes, className)}
    >
      <Icon className="size-5" />
    </span>
  );
}

/** What became of a call, in a badge. */
export function CallBadge({ call }: { call: Call }) {
  const { t } = useTranslation();
  const kind = callKind(call);
  if (kind === 'live') {
    return (
      <Badge tone="primary">
        <span aria-hidden className="size-2 animate-pulse rounded-full bg-current" />
        {t('calls:live')}
      </Badge>
    );
  }
  if (kind === 'missed') {
    return call.called_back_at ? (
      <Badge tone="neutral">{t('calls:calledBack')}</Badge>
    ) : (
      <Badge tone="bad">{t(isUnknown(call) ? 'calls:unknownEnd' : 'calls:missed')}</Badge>
    );
  }
  return <Badge tone={kind === 'answered' ? 'good' : 'neutral'}>{t(`calls:${kind}`)}</Badge>;
}

/** A call's status and length in words. */
export function CallStatusText({ call }: { call: Call }) {
  const { t } = useTranslation();
  return (
    <span>
      {call.status && !isUnknown(call) ? t(`calls:status.${call.status}`) : t('calls:status.unknown')}
      {typeof call.duration_s === 'number' && call.duration_s > 0 && (
        <>
          {' · '}
          <Ltr>{formatDuration(call.duration_s)}</Ltr>
        </>
      )}
    </span>
  );
}
