import { zodResolver } from '@hookform/resolvers/zod';
import { toast } from '@/shared/ui/toast';
import { t as translate } from 'i18next';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useTranslation } from 'react-i18next';

import { ApiError, fieldSentence, sentence } from '@/shared/api/problem';
import { invalidate } from '@/shared/api/query';
import { useMe } from '@/shared/api/session';
import { PasswordField } from '@/shared/form/password-field';
import { newPassword } from '@/shared/form/rules';
import { z } from '@/shared/lib/zod';
import { Button } from '@/shared/ui/button';
import { Section } from '@/shared/ui/card';
import { Notice } from '@/shared/ui/states';

import { changePassword } from './api';

const schema = z.object({
  current: z.string().check(z.minLength(1, { error: () => translate('common:forms.passwordNeeded') })),
  next: newPassword,
});

/** Changes the own password. */
export function PasswordForm() {
  const { t } = useTranslation();
  const me = useMe();
  const form = useForm({ resolver: zodResolver(schema), defaultValues: { current: '', next: '' } });
  const [failure, setFailure] = useState<unknown>(null);
  const { errors, isSubmitting } = form.formState;
  const send = form.handleSubmit(async ({ current, next }) => {
    setFailure(null);
    try {
      await changePassword(current, next);
      form.reset();
      toast.success(t('settings:password.done'));
      await invalidate('/api/auth/sessions');
    } catch (error) {
      setFailure(error);
      if (!(error instanceof ApiError)) return;
      for (const wrong of error.problem?.errors ?? [])
        form.setError(wrong.field === 'current' ? 'current' : 'next', { message: fieldSentence(wrong) });
    }
  });
  return (
    <Section title={t('settings:password.title')} hint={t('settings:password.hint')}>
      <form
        noValidate
        className="flex max-w-md flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isSubmitting) void send();
        }}
      >
        {failure !== null && <Notice tone="bad">{sentence(failure, t)}</Notice>}
        {/* For password managers: whose password this is. */}
        <input type="text" autoComplete="username" value={me.email} readOnly hidden />
        <PasswordField
          label={t('settings:password.current')}
          autoComplete="current-password"
          error={errors.current?.message}
          {...form.register('current')}
        />
        <PasswordField
          label={t('common:forms.newPassword')}
          hint={t('common:forms.passwordHint')}
          autoComplete="new-password"
          error={errors.next?.message}
          {...form.register('next')}
        />
        <Button type="submit" busy={isSubmitting} className="self-start">
          {t('settings:password.submit')}
        </Button>
      </form>
    </Section>
  );
}
