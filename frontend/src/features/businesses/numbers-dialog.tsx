import { useTranslation } from 'react-i18next';

import { announce } from '@/shared/ui/toast';
import { FormDialog } from '@/shared/form/form-dialog';
import { formatPhone } from '@/shared/lib/phone';
import { Field, Textarea } from '@/shared/ui/field';

import { setNumbers } from './api';
import { type Business } from './queries';
import { numbersOf, numbersSchema } from './form';

/** Says which numbers a business owns. */
export function NumbersDialog({
  open,
  onClose,
  business,
}: {
  open: boolean;
  onClose: () => void;
  business: Business;
}) {
  const { t } = useTranslation();
  return (
    <FormDialog
      open={open}
      onClose={onClose}
      title={t('businesses:setNumbers')}
      description={t('businesses:numbersHint', { name: business.name })}
      submit={t('common:save')}
      schema={numbersSchema}
      defaults={{ numbers: business.numbers.map(formatPhone).join(', ') }}
      onSubmit={async (values) => {
        await setNumbers(business.id, numbersOf(values.numbers));
        announce(t('common:saved'));
      }}
    >
      {({ register, formState: { errors } }) => (
        <Field
          label={t('businesses:columns.numbers')}
          hint={t('common:forms.phonesHint')}
          error={errors.numbers?.message}
        >
          <Textarea rows={3} dir="ltr" {...register('numbers')} />
        </Field>
      )}
    </FormDialog>
  );
}
