import { useTranslation } from 'react-i18next';

import { toast } from '@/shared/ui/toast';
import { FormDialog } from '@/shared/form/form-dialog';
import { Field, Input, Textarea } from '@/shared/ui/field';

import { createBusiness } from './api';
import { businessSchema, numbersOf } from './form';

/** Takes a business in. */
export function NewBusinessDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <FormDialog
      open={open}
      onClose={onClose}
      title={t('businesses:new.title')}
      description={t('businesses:new.hint')}
      submit={t('businesses:new.submit')}
      schema={businessSchema}
      defaults={{ name: '', time_zone: 'Asia/Jerusalem', numbers: '' }}
      draft="new-business"
      onSubmit={async (values) => {
        await createBusiness({
          name: values.name,
          time_zone: values.time_zone,
          numbers: numbersOf(values.numbers),
        });
        toast.success(t('businesses:new.done', { name: values.name }));
      }}
    >
      {({ register, formState: { errors } }) => (
        <>
          <Field label={t('businesses:columns.name')} error={errors.name?.message}>
            <Input autoComplete="off" {...register('name')} />
          </Field>
          <Field label={t('businesses:columns.zone')} error={errors.time_zone?.message}>
            <Input autoComplete="off" dir="ltr" {...register('time_zone')} />
          </Field>
          <Field
            label={t('businesses:columns.numbers')}
            hint={t('common:forms.phonesHint')}
            error={errors.numbers?.message}
          >
            <Textarea rows={2} dir="ltr" {...register('numbers')} />
          </Field>
        </>
      )}
    </FormDialog>
  );
}
