/** Replaying or discarding failed events: how many, why, and only then. */
import { toast } from '@/shared/ui/toast';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { t as translate } from 'i18next';
import { useTranslation } from 'react-i18next';

import { problemKind, sentence } from '@/shared/api/problem';
import { FormDialog } from '@/shared/form/form-dialog';
import { formatNumber } from '@/shared/lib/format';
import { neededText, testedText } from '@/shared/form/rules';
import { z } from '@/shared/lib/zod';
import { Field, Input, Textarea } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/states';
import { Spinner } from '@/shared/ui/spinner';

import { discard, startReplay } from './api';
import { countQuery, type Selection } from './queries';

const schema = z.object({
  reason: neededText(500, () => translate('operations:failed.reasonNeeded')),
  rate: testedText(
    (text) => /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 5000,
    () => translate('operations:failed.badRate'),
  ),
});

interface ActDialogProps {
  what: 'replay' | 'discard' | null;
  selection: Selection;
  onClose: () => void;
}

/** The dialog. What is sent is what was counted: another number on the server counts anew. */
export function ActDialog({ what, selection, onClose }: ActDialogProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const count = useQuery(countQuery(selection, what !== null));
  if (what === null) return null;
  const replay = what === 'replay';
  const lost = count.data?.by_worker.reduce((sum, { not_replayable }) => sum + not_replayable, 0) ?? 0;
  const send = async (reason: string, rate: number) => {
    const counted = count.data ?? (await count.refetch({ throwOnError: true })).data;
    if (counted === undefined) return;
    const body = { selection: counted.selection, expected_count: counted.count, reason };
    if (replay) {
      const id = await startReplay({ ...body, rate });
      if (id !== null) await navigate({ to: '/admin/replays/$id', params: { id } });
    } else {
      const discarded = await discard(body);
      toast.success(
        t('operations:failed.discarded', { count: discarded, formatted: formatNumber(discarded) }),
      );
    }
  };
  return (
    <FormDialog
      open
      onClose={onClose}
      title={t(`operations:failed.${what}.title`)}
      description={t(`operations:failed.${what}.hint`)}
      submit={t(`operations:failed.${what}.submit`)}
      schema={schema}
      defaults={{ reason: '', rate: '50' }}
      onSubmit={async ({ reason, rate }) => {
        try {
          await send(reason, Number(rate));
        } catch (error) {
          if (problemKind(error) === 'count-changed') void count.refetch();
          throw error;
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
                <>
                  <p className="font-medium">
                    {t('operations:failed.count', {
                      count: count.data.count,
                      formatted: formatNumber(count.data.count),
                    })}
                  </p>
                  {replay && lost > 0 && (
                    <p>
                      {t('operations:failed.notReplayable', { count: lost, formatted: formatNumber(lost) })}
                    </p>
                  )}
                  {replay &&
                    [
                      ...new Set(
                        count.data.by_worker.filter(({ paused }) => paused).map(({ worker }) => worker),
                      ),
                    ].map((name) => <p key={name}>{t('operations:failed.pausedNote', { name })}</p>)}
                </>
              ) : (
                <span className="flex items-center gap-2">
                  <Spinner className="size-4!" />
                  {t('operations:failed.counting')}
                </span>
              )}
            </Notice>
          )}
          <Field
            label={t('operations:failed.reason')}
            hint={t('operations:failed.reasonHint')}
            error={errors.reason?.message}
          >
            <Textarea rows={2} {...register('reason')} />
          </Field>
          {replay && (
            <Field label={t('operations:failed.rate')} error={errors.rate?.message}>
              <Input inputMode="numeric" dir="ltr" {...register('rate')} />
            </Field>
          )}
        </>
      )}
    </FormDialog>
  );
}
