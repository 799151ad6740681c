import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { formatExact } from '@/shared/lib/format';
import { Section } from '@/shared/ui/card';
import { Field, Select } from '@/shared/ui/field';
import { Segmented } from '@/shared/ui/segmented';
import { Ltr } from '@/shared/ui/text';

import type { Editor } from './editor';

type Choice = 'hours' | 'open' | 'closed';

const LENGTHS = [1, 2, 4, 8, 24, 72] as const;
const HOUR = 3_600_000;

/** Open or closed for now, whatever the hours say: a vacation, a storm, a shop that stays open tonight. */
export function ForNow({ settings, change, errorOf }: Editor) {
  const { t } = useTranslation();
  // What has run out says nothing any more.
  const [begun] = useState(Date.now);
  const held = settings.for_now && Date.parse(settings.for_now.until) > begun ? settings.for_now : null;
  const choice: Choice = held === null ? 'hours' : held.open ? 'open' : 'closed';
  const left = held === null ? 2 : (Date.parse(held.until) - begun) / HOUR;
  const [hours, setHours] = useState<number>(LENGTHS.find((length) => length >= left - 0.01) ?? 72);
  const until = (length: number) => new Date(Date.now() + length * HOUR).toISOString();
  return (
    <Section title={t('settings:forNow.title')} hint={t('settings:forNow.hint')}>
      <div className="flex flex-col gap-4">
        <Segmented
          label={t('settings:forNow.title')}
          value={choice}
          options={[
            { value: 'hours', label: t('settings:forNow.hours') },
            { value: 'open', label: t('settings:forNow.open') },
            { value: 'closed', label: t('settings:forNow.closed') },
          ]}
          onChange={(next) =>
            change({
              for_now:
                next === 'hours' ? null : { open: next === 'open', until: held?.until ?? until(hours) },
            })
          }
        />
        {held !== null && (
          <>
            <Field label={t('settings:forNow.length')} error={errorOf('for_now')}>
              <Select
                value={hours}
                onChange={(event) => {
                  const length = Number(event.target.value);
                  setHours(length);
                  change({ for_now: { open: held.open, until: until(length) } });
                }}
              >
                {LENGTHS.map((length) => (
                  <option key={length} value={length}>
                    {t('settings:forNow.forHours', { count: length })}
                  </option>
                ))}
              </Select>
            </Field>
            <p role="status" className="text-sm text-muted">
              {t(held.open ? 'settings:forNow.openUntil' : 'settings:forNow.closedUntil')}{' '}
              <Ltr>{formatExact(held.until)}</Ltr>
            </p>
          </>
        )}
      </div>
    </Section>
  );
}
