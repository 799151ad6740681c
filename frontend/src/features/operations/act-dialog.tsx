/** Replaying or discarding failed events: how many, why, and only then. */
import { toast } from '@/shared/ui/toast';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { t as translate } from 'i18next';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { FormDialog } from '@/shared/form/form-dialog';
import { formatNumber } from '@/shared/lib/format';
import { neededText, testedText } from '@/shared/form/rules';
import { z } from '@/shared/lib/zod';
import { Field, Input, Textarea } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/states';
import { Spinner } from '@/shared/ui/spinner';

import { countQuery, type DeadLetterFilter, discard, startReplay } from './api';

const schema = z.object({
  reason: neededText(500, () => translate('failed.reasonNeeded'), 3),
  rate: testedText((text) => /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 1000, () => translate('failed.badRate')),
});

interface ActDialogProps {
  what: 'replay' | 'discard' | null;
  filter: DeadLetterFilter;
  onClose: () => void;
}

/** The dialog. */
export function ActDialog({ what, filter, onClose }: ActDialogProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const count = useQuery(countQuery(filter, what !== null));
  if (what === null) return null;
  const replay = what === 'replay';
  return (
    <FormDialog
      open
      onClose={onClose}
      title={t(`failed.${what}.title`)}
      description={t(`failed.${what}.hint`)}
      submit={t(`failed.${what}.submit`)}
      schema={schema}
      defaults={{ reason: '', rate: '50' }}
      onSubmit={async ({ reason, rate }) => {
        if (replay) {
          const started = await startReplay({ filter, reason, rate_per_second: Number(rate) });
          await navigate({ to: '/admin/replays/$id', params: { id: started.id } });
        } else {
          const discarded = await discard({ filter, reason });
          toast.success(t('failed.discarded', { count: discarded, formatted: formatNumber(discarded) }));
        }
      }}
    >
      {({ register, formState: { errors } }) => (
        <>
          {count.isError ? (
            <Notice tone="bad">{sentence(count.error, t)}</Notice>
          ) : (
            <Notice tone={replay ? 'info' : 'warn'}>
              {count.data ? (
                <span className="font-medium">{t('failed.count', { count: count.data.count, formatted: formatNumber(count.data.count) })}</span>
              ) : (
                <span className="flex items-center gap-2">
                  <Spinner className="size-4!" />
                  {t('failed.counting')}
                </span>
              )}
            </Notice>
          )}
          <Field label={t('failed.reason')} hint={t('failed.reasonHint')} error={errors.reason?.message}>
            <Textarea rows={2} {...register('reason')} />
          </Field>
          {replay && (
            <Field label={t('failed.rate')} error={errors.rate?.message}>
              <Input inputMode="numeric" dir="ltr" {...register('rate')} />
            </Field>
          )}
        </>
      )}
    </FormDialog>
  );
}
