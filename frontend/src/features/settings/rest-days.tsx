import { useTranslation } from 'react-i18next';

import { Section } from '@/shared/ui/card';
import { Switch } from '@/shared/ui/checks';
import { Field, Input } from '@/shared/ui/field';

import type { Editor } from './editor';

/** Shabbat and the holidays of Israel, which nobody has to enter year by year. */
export function RestDays({ settings, change, errorOf }: Editor) {
  const { t } = useTranslation();
  const rest = settings.rest ?? {};
  const put = (next: typeof rest) => change({ rest: { ...rest, ...next } });
  const kept = rest.shabbat === true || rest.holidays === true;
  return (
    <Section title={t('settings:rest.title')} hint={t('settings:rest.hint')}>
      <div className="flex flex-col gap-4">
        <Switch
          label={t('settings:rest.shabbat')}
          checked={rest.shabbat ?? false}
          onChange={(shabbat) => put({ shabbat })}
        />
        <Switch
          label={t('settings:rest.holidays')}
          hint={t('settings:rest.holidaysHint')}
          checked={rest.holidays ?? false}
          onChange={(holidays) => put({ holidays })}
        />
        {kept && (
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t('settings:rest.from')} error={errorOf('rest.from')}>
              <Input
                type="time"
                dir="ltr"
                className="max-w-36"
                value={rest.from ?? '14:00'}
                onChange={(event) => event.target.value !== '' && put({ from: event.target.value })}
              />
            </Field>
            <Field label={t('settings:rest.until')} error={errorOf('rest.until')}>
              <Input
                type="time"
                dir="ltr"
                className="max-w-36"
                value={rest.until ?? '20:00'}
                onChange={(event) => event.target.value !== '' && put({ until: event.target.value })}
              />
            </Field>
          </div>
        )}
      </div>
    </Section>
  );
}
