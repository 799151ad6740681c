/** Asks an operator why, and for how long where that matters. */
import { t as translate } from 'i18next';
import { useTranslation } from 'react-i18next';

import { FormDialog } from '@/shared/form/form-dialog';
import { neededText, testedText } from '@/shared/form/rules';
import { z } from '@/shared/lib/zod';
import { Field, Input, Textarea } from '@/shared/ui/field';

const schema = z.object({
  reason: neededText(500, () => translate('operations:failed.reasonNeeded')),
  minutes: testedText(
    (text) => text === '' || (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 10_080),
    () => translate('operations:pause.badMinutes'),
  ),
});

interface ReasonDialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  description: string;
  submit: string;
  /** Also asks for how many minutes; none is for good. */
  lasting?: boolean;
  onSubmit: (reason: string, minutes: number | null) => Promise<void>;
}

/** The dialog. */
export function ReasonDialog({
  open,
  onClose,
  title,
  description,
  submit,
  lasting = false,
  onSubmit,
}: ReasonDialogProps) {
  const { t } = useTranslation();
  return (
    <FormDialog
      open={open}
      onClose={onClose}
      title={title}
      description={description}
      submit={submit}
      schema={schema}
      defaults={{ reason: '', minutes: '' }}
      onSubmit={({ reason, minutes }) => onSubmit(reason, minutes === '' ? null : Number(minutes))}
    >
      {({ register, formState: { errors } }) => (
        <>
          <Field
            label={t('operations:failed.reason')}
            hint={t('operations:failed.reasonHint')}
            error={errors.reason?.message}
          >
            <Textarea rows={2} {...register('reason')} />
          </Field>
          {lasting && (
            <Field
              label={t('operations:pause.minutes')}
              hint={t('operations:pause.minutesHint')}
              error={errors.minutes?.message}
            >
              <Input inputMode="numeric" dir="ltr" {...register('minutes')} />
            </Field>
          )}
        </>
      )}
    </FormDialog>
  );
}
