/**
 * Dates, times and numbers as people in Israel write them, in the language on screen.
 * Times are those of the business, wherever the phone happens to be.
 */
import { language } from '@/shared/i18n/language';

let timeZone = 'Asia/Jerusalem';

/** Sets the zone that times are shown in (IANA name). */
export function setTimeZone(zone: string | null | undefined): void {
  timeZone = zone ?? 'Asia/Jerusalem';
}

/** The zone that times are shown in. */
export function currentTimeZone(): string {
  return timeZone;
}

const locale = () => (language() === 'he' ? 'he-IL' : 'en-IL');
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const all = { timeZone, ...options };
  const key = locale() + JSON.stringify(all);
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale(), all);
    formatters.set(key, found);
  }
  return found;
}

type Moment = string | number | Date;
const at = (moment: Moment) => new Date(moment);

/** `14:05` */
export function formatTime(moment: Moment): string {
  return formatter({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at(moment));
}

/** `22.11.2026`, in English `22/11/2026`. */
export function formatDate(moment: Moment): string {
  return formatter({ day: 'numeric', month: 'numeric', year: 'numeric' }).format(at(moment));
}

/** `22.11.2026, 14:05:09`: for operators and histories. */
export function formatExact(moment: Moment): string {
  return formatter({
    day: 'numeric',
    month: 'numeric',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(at(moment));
}

/** The local date as `YYYY-MM-DD`. */
export function localDate(moment: Moment): string {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
      .formatToParts(at(moment))
      .map((part) => [part.type, part.value]),
  );
  return `${parts['year'] ?? ''}-${parts['month'] ?? ''}-${parts['day'] ?? ''}`;
}

/** Whole local days between a moment and now: 0 today, 1 yesterday. */
export function daysAgo(moment: Moment, now: Moment = Date.now()): number {
  return Math.round((Date.parse(localDate(now)) - Date.parse(localDate(moment))) / 86_400_000);
}

/** `היום, 14:05`, `אתמול, 09:10`, `יום ג׳, 14:05` within the week, then the date. */
export function formatWhen(moment: Moment, now: Moment = Date.now()): string {
  const days = daysAgo(moment, now);
  if (days === 0 || days === 1) {
    const word = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(-days, 'day');
    return `${word}, ${formatTime(moment)}`;
  }
  if (days > 1 && days < 7) {
    return `${formatter({ weekday: 'short' }).format(at(moment))}, ${formatTime(moment)}`;
  }
  return formatDate(moment);
}

/** `לפני 5 דקות`, `in 3 hours`: at the grain that people speak in. */
export function formatRelative(moment: Moment, now: Moment = Date.now()): string {
  const seconds = Math.round((at(moment).getTime() - at(now).getTime()) / 1000);
  const words = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ];
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return words.format(0, 'minute');
}

/** `יום ראשון, 22 בנובמבר` */
export function formatLongDay(moment: Moment): string {
  return formatter({ weekday: 'long', day: 'numeric', month: 'long' }).format(at(moment));
}

/** `22.11`: the axis of a chart. Takes a local date, `YYYY-MM-DD`. */
export function formatDayMonth(date: string): string {
  return new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'numeric', timeZone: 'UTC' }).format(
    new Date(`${date}T00:00:00Z`),
  );
}

/** A local date, `YYYY-MM-DD`, in words. */
export function formatLocalDate(date: string): string {
  return new Intl.DateTimeFormat(locale(), {
    weekday: 'short',
    day: 'numeric',
    month: 'numeric',
    year: 'numeric',
    timeZone: 'UTC',
  }).format(new Date(`${date}T00:00:00Z`));
}

/** `שעון ישראל`, `Israel Time`; the zone's own name where there is none in words. */
export function formatZone(zone: string): string {
  const parts = new Intl.DateTimeFormat(locale(), {
    timeZone: zone,
    timeZoneName: 'longGeneric',
  }).formatToParts();
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? zone;
}

/** `1,234` */
export function formatNumber(value: number): string {
  return new Intl.NumberFormat(locale()).format(value);
}

/** Seconds as `3:05` or `1:02:03`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (part: number) => String(part).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** Bytes as `340 KB`. */
export function formatBytes(bytes: number): string {
  const kilobytes = bytes / 1000;
  return kilobytes < 1000
    ? `${formatNumber(Math.max(1, Math.round(kilobytes)))} KB`
    : `${formatNumber(Math.round(kilobytes / 100) / 10)} MB`;
}
