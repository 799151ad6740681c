import { CalendarPlus, Copy, Plus, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { Schemas } from '@/shared/api/types';
import { formatLocalDate, formatZone } from '@/shared/lib/format';
import { Button, IconButton } from '@/shared/ui/button';
import { Section } from '@/shared/ui/card';
import { Switch } from '@/shared/ui/checks';
import { Field, Input } from '@/shared/ui/field';
import { Page } from '@/shared/ui/page';

import { type Editor, SettingsEditor } from './editor';
import { ForNow } from './for-now';
import { RestDays } from './rest-days';

type Span = Schemas['Span'];
type Week = Record<string, Span[]>;

/** Sunday first, as in Israel. */
const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
const DEFAULT_WEEK: Week = {
  ...Object.fromEntries(
    DAYS.slice(0, 5).map((day): [string, Span[]] => [day, [{ open: '09:00', close: '18:00' }]]),
  ),
  friday: [{ open: '09:00', close: '13:00' }],
};

/** When the business is open. */
export function HoursPage() {
  const { t } = useTranslation();
  return (
    <Page
      title={t('settings:hours.title')}
      hint={t('settings:hours.hint')}
      back={{ to: '/settings', label: t('settings:title') }}
      width="narrow"
    >
      <SettingsEditor>
        {(editor) => (
          <>
            <ForNow {...editor} />
            <RestDays {...editor} />
            <Weekly {...editor} />
            <Holidays {...editor} />
          </>
        )}
      </SettingsEditor>
    </Page>
  );
}

function Weekly({ settings, change, errorOf, saved }: Editor) {
  const { t } = useTranslation();
  const week = settings.hours ?? null;
  const setDay = (day: string, spans: Span[]) => {
    const { [day]: _, ...others } = week ?? {};
    change({ hours: spans.length === 0 ? others : { ...others, [day]: spans } });
  };
  return (
    <Section
      title={t('settings:hours.week')}
      hint={t('settings:hours.zone', { zone: formatZone(saved.time_zone) })}
    >
      <Switch
        label={t('settings:hours.always')}
        hint={t('settings:hours.alwaysHint')}
        checked={week === null}
        onChange={(always) => change({ hours: always ? null : DEFAULT_WEEK })}
      />
      {week !== null && (
        <ul className="mt-3 flex flex-col divide-y">
          {DAYS.map((day, index) => {
            const spans = week[day] ?? [];
            const error = errorOf(`hours.${day}`);
            const before = DAYS[index - 1];
            return (
              <li key={day} className="py-3">
                <fieldset className="flex flex-col gap-2 sm:flex-row sm:items-start sm:gap-4">
                  <legend className="sr-only">{t(`settings:days.${day}`)}</legend>
                  <div className="sm:w-52">
                    <Switch
                      label={t(`settings:days.${day}`)}
                      checked={spans.length > 0}
                      onChange={(open) => setDay(day, open ? [{ open: '09:00', close: '18:00' }] : [])}
                    />
                  </div>
                  <div className="flex grow flex-col gap-2">
                    {spans.length === 0 ? (
                      <p className="flex min-h-11 items-center text-sm text-muted">
                        {t('settings:hours.closed')}
                      </p>
                    ) : (
                      <Spans
                        spans={spans}
                        onChange={(next) => setDay(day, next)}
                        day={t(`settings:days.${day}`)}
                      />
                    )}
                    {error !== undefined && (
                      <p role="alert" className="text-sm text-bad">
                        {error}
                      </p>
                    )}
                    {before !== undefined && JSON.stringify(week[before] ?? []) !== JSON.stringify(spans) && (
                      <Button
                        variant="ghost"
                        size="small"
                        className="self-start"
                        onClick={() => setDay(day, week[before] ?? [])}
                      >
                        <Copy aria-hidden className="size-4!" />
                        {t('settings:hours.copy', { day: t(`settings:days.${before}`) })}
                      </Button>
                    )}
                  </div>
                </fieldset>
              </li>
            );
          })}
        </ul>
      )}
    </Section>
  );
}

function Spans({ spans, onChange, day }: { spans: Span[]; onChange: (spans: Span[]) => void; day: string }) {
  const { t } = useTranslation();
  const set = (index: number, change: Partial<Span>) =>
    onChange(spans.map((span, at) => (at === index ? { ...span, ...change } : span)));
  return (
    <>
      {spans.map((span, index) => (
        <div key={index} className="flex items-center gap-1.5">
          <Input
            type="time"
            dir="ltr"
            aria-label={t('settings:hours.opens', { day })}
            value={span.open}
            onChange={(event) => set(index, { open: event.target.value })}
            className="max-w-36 min-w-0 px-2! max-md:[&::-webkit-calendar-picker-indicator]:hidden"
          />
          <span aria-hidden>–</span>
          {/* 24:00 is the end of the day; a browser's clock knows it as 00:00. */}
          <Input
            type="time"
            dir="ltr"
            aria-label={t('settings:hours.closes', { day })}
            value={span.close === '24:00' ? '00:00' : span.close}
            onChange={(event) =>
              set(index, { close: event.target.value === '00:00' ? '24:00' : event.target.value })
            }
            className="max-w-36 min-w-0 px-2! max-md:[&::-webkit-calendar-picker-indicator]:hidden"
          />
          <IconButton
            label={t('settings:hours.removeSpan', { day })}
            onClick={() => onChange(spans.filter((_, at) => at !== index))}
          >
            <X aria-hidden />
          </IconButton>
        </div>
      ))}
      {spans.length < 10 && (
        <Button
          variant="ghost"
          size="small"
          className="self-start"
          onClick={() => onChange([...spans, { open: '16:00', close: '19:00' }])}
        >
          <Plus aria-hidden />
          {t('settings:hours.addSpan')}
        </Button>
      )}
    </>
  );
}

function Holidays({ settings, change, errorOf }: Editor) {
  const { t } = useTranslation();
  const [date, setDate] = useState('');
  const [name, setName] = useState('');
  const holidays = [...(settings.holidays ?? [])].sort((a, b) => a.date.localeCompare(b.date));
  const known = holidays.some((holiday) => holiday.date === date);
  return (
    <Section title={t('settings:holidays.title')} hint={t('settings:holidays.hint')}>
      <div className="flex flex-col gap-4">
        {holidays.length > 0 && (
          <ul className="flex flex-col divide-y">
            {holidays.map((holiday) => {
              const label = `${holiday.name ?? ''} ${formatLocalDate(holiday.date)}`.trim();
              const hours = holiday.hours ?? [];
              const update = (spans: Span[]) =>
                change({
                  holidays: holidays.map((other) =>
                    other.date === holiday.date ? { ...other, hours: spans } : other,
                  ),
                });
              return (
                <li key={holiday.date} className="flex flex-col gap-2 py-3 first:pt-0">
                  <div className="flex items-center gap-3">
                    <div className="min-w-0 grow">
                      <p className="font-medium">
                        <bdi>{holiday.name ?? t('settings:holidays.nameless')}</bdi>
                      </p>
                      <p className="text-sm text-muted">
                        {formatLocalDate(holiday.date)}
                        {hours.length === 0 && ` · ${t('settings:hours.closed')}`}
                      </p>
                    </div>
                    {hours.length === 0 && (
                      <Button
                        variant="ghost"
                        size="small"
                        onClick={() => update([{ open: '09:00', close: '13:00' }])}
                      >
                        {t('settings:holidays.openHours')}
                      </Button>
                    )}
                    <IconButton
                      label={t('settings:holidays.remove', { name: label })}
                      onClick={() =>
                        change({ holidays: holidays.filter((other) => other.date !== holiday.date) })
                      }
                    >
                      <X aria-hidden />
                    </IconButton>
                  </div>
                  {hours.length > 0 && <Spans spans={hours} onChange={update} day={label} />}
                </li>
              );
            })}
          </ul>
        )}
        {errorOf('holidays') !== undefined && (
          <p role="alert" className="text-sm text-bad">
            {errorOf('holidays')}
          </p>
        )}
        <div className="grid gap-3 sm:grid-cols-[auto_1fr_auto] sm:items-end">
          <Field label={t('settings:holidays.date')} error={known ? t('settings:holidays.known') : undefined}>
            <Input type="date" dir="ltr" value={date} onChange={(event) => setDate(event.target.value)} />
          </Field>
          <Field label={t('settings:holidays.name')}>
            <Input value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
          </Field>
          <Button
            variant="secondary"
            disabled={date === '' || known}
            onClick={() => {
              change({
                holidays: [
                  ...holidays,
                  { date, ...(name.trim() === '' ? {} : { name: name.trim() }), hours: [] },
                ],
              });
              setDate('');
              setName('');
            }}
          >
            <CalendarPlus aria-hidden />
            {t('settings:holidays.add')}
          </Button>
        </div>
      </div>
    </Section>
  );
}
