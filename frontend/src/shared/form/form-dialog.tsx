/**
 * A form in a dialog. It knows its own loading and error, keeps a draft of what was
 * typed, and asks before a dirty form is closed.
 */
import { zodResolver } from '@hookform/resolvers/zod';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import {
  type DefaultValues,
  type FieldValues,
  type Path,
  useForm,
  type UseFormReturn,
} from 'react-hook-form';
import { useTranslation } from 'react-i18next';

import { ApiError, fieldSentence, sentence } from '@/shared/api/problem';
import { useDraft } from '@/shared/lib/draft';
import type { z } from '@/shared/lib/zod';
import { Button } from '@/shared/ui/button';
import { ConfirmDialog, Dialog } from '@/shared/ui/dialog';
import { Notice } from '@/shared/ui/states';

interface FormDialogProps<Values extends FieldValues> {
  open: boolean;
  onClose: () => void;
  title: string;
  description: string;
  /** What the button that sends it says. */
  submit: string;
  schema: z.ZodMiniType<Values, Values>;
  defaults: Values;
  /** Sends it; what it throws is shown, and the form stays as it was. */
  onSubmit: (values: Values) => Promise<void>;
  /** Keeps what was typed under this name until it is sent. */
  draft?: string;
  size?: 'small' | 'large';
  children: (form: UseFormReturn<Values>) => ReactNode;
}

/** The dialog; its form lives only while it is open. */
export function FormDialog<Values extends FieldValues>(props: FormDialogProps<Values>) {
  return props.open ? <OpenForm {...props} /> : null;
}

function OpenForm<Values extends FieldValues>({
  onClose,
  title,
  description,
  submit,
  schema,
  defaults,
  onSubmit,
  draft,
  size,
  children,
}: FormDialogProps<Values>) {
  const { t } = useTranslation();
  const [kept, setKept] = useDraft<Values>(draft ?? 'none');
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    defaultValues: (draft !== undefined && kept
      ? { ...defaults, ...kept }
      : defaults) as DefaultValues<Values>,
  });
  const [failure, setFailure] = useState<unknown>(null);
  const [leaving, setLeaving] = useState(false);
  const body = useRef<HTMLFormElement>(null);
  const { isDirty, isSubmitting } = form.formState;

  useEffect(() => {
    if (draft === undefined) return;
    return form.subscribe({ formState: { values: true }, callback: ({ values }) => setKept(values) });
  }, [draft, form, setKept]);

  const leave = () => {
    setKept(null);
    onClose();
  };
  const send = form.handleSubmit(async (values) => {
    setFailure(null);
    try {
      await onSubmit(values);
      leave();
    } catch (error) {
      setFailure(error);
      if (!(error instanceof ApiError)) return;
      for (const wrong of error.problem?.errors ?? [])
        form.setError(wrong.field as Path<Values>, { message: fieldSentence(wrong) });
    }
  });

  return (
    <>
      <Dialog
        open
        onClose={() => {
          if (isSubmitting) return;
          if (isDirty || kept) setLeaving(true);
          else leave();
        }}
        title={title}
        description={description}
        {...(size === undefined ? {} : { size })}
        focusFirst={() => body.current?.querySelector<HTMLElement>('input, select, textarea') ?? null}
        footer={
          <Button size="large" busy={isSubmitting} onClick={() => void send()} className="md:min-h-10">
            {submit}
          </Button>
        }
      >
        <form
          ref={body}
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (!isSubmitting) void send();
          }}
          className="flex flex-col gap-4"
        >
          {failure !== null && <Notice tone="bad">{sentence(failure, t)}</Notice>}
          {children(form)}
          <button type="submit" hidden />
        </form>
      </Dialog>
      <ConfirmDialog
        open={leaving}
        onClose={() => setLeaving(false)}
        onConfirm={leave}
        title={t('common:forms.leaveTitle')}
        description={t('common:forms.leaveHint')}
        confirm={t('common:forms.leave')}
        danger
      />
    </>
  );
}
