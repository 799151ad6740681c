import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';

import type { Schemas } from '@/shared/api/types';
import { formatExact } from '@/shared/lib/format';
import { Ltr, Typed } from '@/shared/ui/text';

type Entry = Schemas['CallHistoryEntry'];

/** Errors of Twilio's that somebody of the business can do something about. */
const EXPLAINED = [11200, 11205, 12100, 13214, 13223, 13224, 13227, 16101, 16102] as const;

/** What Twilio could not do, as far as it can be said in words. */
export function twilioError(t: TFunction, code: number): string {
  const known = EXPLAINED.find((explained) => explained === code);
  return t(`history:error.${known ?? 'other'}`, { code: String(code) });
}

/** What a caller did when asked to choose. */
function choice(t: TFunction, menu: NonNullable<Entry['menu']>): string {
  const { result, key, label } = menu;
  if (result === 'chosen') return t('history:menu.chosen', { key, label });
  if (result === 'silent') return t('history:menu.silent');
  return key === null ? t('history:menu.noDigit') : t('history:menu.wrong', { key });
}

function words(t: TFunction, event: Entry): string {
  if (event.menu) return choice(t, event.menu);
  if (event.error) return twilioError(t, event.error.code);
  if (event.kind === 'status' && event.status) return t(`calls:status.${event.status}`);
  switch (event.kind) {
    case 'incoming':
    case 'leg_accepted':
    case 'dialed':
    case 'unknown':
      return t(`history:event.${event.kind}`);
    default:
      return t('history:event.status');
  }
}

/** What happened in a call, in order. */
export function CallHistory({ events }: { events: Entry[] }) {
  const { t } = useTranslation();
  return (
    <ol className="flex flex-col gap-3">
      {events.map((event, index) => (
        <li key={index} className="flex items-baseline justify-between gap-3 text-sm">
          <span className="flex items-baseline gap-2.5">
            <span
              aria-hidden
              className={`size-2 shrink-0 rounded-full ${event.error ? 'bg-bad' : 'bg-primary'}`}
            />
            <Typed>{words(t, event)}</Typed>
          </span>
          <time dateTime={event.at} className="text-muted [&>bdi]:whitespace-normal">
            <Ltr>{formatExact(event.at)}</Ltr>
          </time>
        </li>
      ))}
    </ol>
  );
}
