import { type ChangeEvent, type SyntheticEvent, useRef, useState } from 'react';

import { ApiError, fieldSentence } from '@/shared/api/problem';

/** What is wrong with a field, as a sentence; nothing when it is right. */
type Rule = (value: string) => string | undefined;

/**
 * A form of one or two fields on a page that people see first: without the form library,
 * which weighs more than such a page. Larger forms use `FormDialog`.
 */
export function useSmallForm<Name extends string>(
  initial: Record<Name, string>,
  rules: Record<Name, Rule>,
  send: (values: Record<Name, string>) => Promise<void>,
) {
  const [values, setValues] = useState(initial);
  const [errors, setErrors] = useState<Partial<Record<Name, string>>>({});
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const names = Object.keys(initial) as Name[];

  const submit = async () => {
    if (busy) return;
    const wrong = Object.fromEntries(
      names.map((name) => [name, rules[name](values[name])]).filter(([, error]) => error !== undefined),
    ) as Partial<Record<Name, string>>;
    setErrors(wrong);
    const first = names.find((name) => wrong[name] !== undefined);
    if (first !== undefined) {
      form.current?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
      return;
    }
    setFailure(null);
    setBusy(true);
    try {
      await send(values);
    } catch (error) {
      setFailure(error);
      if (error instanceof ApiError) {
        const said = (error.problem?.errors ?? []).filter(({ field }) => names.includes(field as Name));
        setErrors(
          Object.fromEntries(said.map((one) => [one.field, fieldSentence(one)])) as Partial<
            Record<Name, string>
          >,
        );
      }
    } finally {
      setBusy(false);
    }
  };

  return {
    values,
    errors,
    failure,
    busy,
    /** For the `form` element. */
    form: {
      ref: form,
      noValidate: true,
      onSubmit: (event: SyntheticEvent) => {
        event.preventDefault();
        void submit();
      },
    },
    /** For an `input` element. */
    bind: (name: Name) => ({
      name,
      value: values[name],
      onChange: (event: ChangeEvent<HTMLInputElement>) => {
        const { value } = event.target;
        setValues((before) => ({ ...before, [name]: value }));
        setErrors((before) => ({ ...before, [name]: undefined }));
      },
    }),
  };
}

/** Must hold something. */
export const needed =
  (missing: () => string): Rule =>
  (value) =>
    value.trim() === '' ? missing() : undefined;

/** A new password: 8 to 128 characters and nothing else asked of it (the server refuses common ones). */
export const passwordRule =
  (tooShort: () => string): Rule =>
  (value) =>
    [...value].length < 8 ? tooShort() : undefined;
