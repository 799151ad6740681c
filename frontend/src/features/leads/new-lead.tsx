import { useNavigate } from '@tanstack/react-router';
import { toast } from '@/shared/ui/toast';
import { t as translate } from 'i18next';
import { useTranslation } from 'react-i18next';

import { client } from '@/shared/api/client';
import { run } from '@/shared/api/operation';
import { invalidate } from '@/shared/api/query';
import { FormDialog } from '@/shared/form/form-dialog';
import { Field, Input, Textarea } from '@/shared/ui/field';

import { type NewLead, newLeadSchema } from './lead-form';
import { splitList } from './split-list';

const EMPTY: NewLead = { name: '', phones: '', email: '', notes: '' };

async function create(lead: NewLead): Promise<string | null> {
  const operation = await run(
    (header) =>
      client.POST('/api/leads', {
        params: { header },
        body: {
          ...(lead.name === '' ? {} : { name: lead.name }),
          ...(lead.email === '' ? {} : { email: lead.email }),
          phones: splitList(lead.phones),
          notes: lead.notes,
        },
      }),
    { onStillWorking: () => toast.info(translate('common:stillWorking')) },
  );
  await invalidate('/api/leads', '/api/summary');
  return operation.entity_id ?? null;
}

/** Adds a lead with a thumb: a name and a number are enough. */
export function NewLeadDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <FormDialog
      open={open}
      onClose={onClose}
      title={t('leads:new.title')}
      description={t('leads:new.hint')}
      submit={t('leads:new.submit')}
      schema={newLeadSchema}
      defaults={EMPTY}
      draft="new-lead"
      onSubmit={async (lead) => {
        const id = await create(lead);
        toast.success(t('leads:new.done'), {
          ...(id === null
            ? {}
            : {
                action: {
                  label: t('leads:open'),
                  onClick: () => void navigate({ to: '/leads/$id', params: { id } }),
                },
              }),
        });
      }}
    >
      {({ register, formState: { errors } }) => (
        <>
          <Field label={t('leads:columns.name')} error={errors.name?.message}>
            <Input autoComplete="off" {...register('name')} />
          </Field>
          <Field
            label={t('leads:columns.phone')}
            hint={t('common:forms.phonesHint')}
            error={errors.phones?.message}
          >
            <Input
              type="tel"
              inputMode="tel"
              autoComplete="off"
              dir="ltr"
              className="text-start"
              {...register('phones')}
            />
          </Field>
          <Field label={t('leads:columns.email')} error={errors.email?.message}>
            <Input type="email" inputMode="email" autoComplete="off" dir="ltr" {...register('email')} />
          </Field>
          <Field label={t('leads:columns.notes')} error={errors.notes?.message}>
            <Textarea rows={3} {...register('notes')} />
          </Field>
        </>
      )}
    </FormDialog>
  );
}
