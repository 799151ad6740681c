import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { ApiError, sentence } from '@/shared/api/problem';
import { useBusinessId } from '@/shared/api/session';
import { formatExact } from '@/shared/lib/format';
import { formatPhone } from '@/shared/lib/phone';
import { Button } from '@/shared/ui/button';
import { Section } from '@/shared/ui/card';
import { Field, Input } from '@/shared/ui/field';
import { Failed, Notice, SkeletonRows } from '@/shared/ui/states';
import { Ltr } from '@/shared/ui/text';

import { saveAvailability } from './api';
import { told } from './editor';
import { type Availability, availabilityQuery } from './queries';

const HOUR = 3_600_000;

/** The end of this day, where the person is. */
function midnight(): string {
  const end = new Date();
  end.setHours(24, 0, 0, 0);
  return end.toISOString();
}

/** Where calls of the business reach me, and "not now". */
export function MyCalls() {
  const businessId = useBusinessId();
  return businessId === null ? null : <Mine businessId={businessId} />;
}

function Mine({ businessId }: { businessId: string }) {
  const { t } = useTranslation();
  const query = useQuery(availabilityQuery(businessId));
  return (
    <Section title={t('settings:myCalls.title')} hint={t('settings:myCalls.hint')}>
      {query.data ? (
        <Editing businessId={businessId} saved={query.data} />
      ) : query.isError ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonRows rows={2} />
      )}
    </Section>
  );
}

function Editing({ businessId, saved }: { businessId: string; saved: Availability }) {
  const { t } = useTranslation();
  const held = saved.number === null ? '' : formatPhone(saved.number);
  const [typed, setTyped] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const wrong = failure instanceof ApiError ? failure.problem?.errors?.[0] : undefined;
  const save = async (change: Partial<Availability>) => {
    setBusy(true);
    setFailure(null);
    try {
      await saveAvailability(businessId, { ...saved, ...change });
      setTyped(null);
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save({ number: typed ?? saved.number });
      }}
    >
      <Field
        label={t('settings:myCalls.number')}
        hint={t('settings:myCalls.numberHint')}
        error={wrong && told(t, wrong)}
      >
        <Input
          type="tel"
          inputMode="tel"
          dir="ltr"
          className="max-w-60"
          value={typed ?? held}
          onChange={(event) => setTyped(event.target.value)}
        />
      </Field>
      {failure !== null && wrong === undefined && <Notice tone="bad">{sentence(failure, t)}</Notice>}
      {typed !== null && typed !== held && (
        <Button type="submit" busy={busy} className="self-start">
          {t('common:save')}
        </Button>
      )}
      {saved.number !== null && (
        <div className="flex flex-wrap items-center gap-2" aria-live="polite">
          {saved.not_before === null ? (
            <>
              <Button
                variant="secondary"
                busy={busy}
                onClick={() => void save({ not_before: new Date(Date.now() + HOUR).toISOString() })}
              >
                {t('settings:myCalls.hour')}
              </Button>
              <Button variant="secondary" busy={busy} onClick={() => void save({ not_before: midnight() })}>
                {t('settings:myCalls.today')}
              </Button>
            </>
          ) : (
            <>
              <p className="grow text-sm">
                {t('settings:myCalls.until')} <Ltr>{formatExact(saved.not_before)}</Ltr>
              </p>
              <Button busy={busy} onClick={() => void save({ not_before: null })}>
                {t('settings:myCalls.back')}
              </Button>
            </>
          )}
        </div>
      )}
    </form>
  );
}
