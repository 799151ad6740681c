import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { formatDuration } from '@/shared/lib/format';
import { useNow } from '@/shared/lib/hooks';
import { toE164 } from '@/shared/lib/phone';
import { useSmallForm } from '@/shared/form/small-form';
import { Button } from '@/shared/ui/button';
import { Field, Input } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/states';
import { Ltr } from '@/shared/ui/text';

import { requestPairingCode } from './api';
import type { WhatsappState } from './queries';
import { useRefusal } from './refusal';

/** A code to type into WhatsApp: for people whose only screen is the phone itself. */
export function PairingCode({ state }: { state: WhatsappState }) {
  const { t } = useTranslation();
  const [code, setCode] = useState<{ code: string; expiresAt: string } | null>(null);
  const [last, setLast] = useState(state);
  if (state !== last) {
    setLast(state);
    // Void before its time: nobody is to go on typing it.
    if (last === 'code_ready' && state !== 'pairing') setCode(null);
  }
  const say = useRefusal();
  const now = useNow(1000);
  const left = code ? Math.ceil((Date.parse(code.expiresAt) - now) / 1000) : null;
  const { form, bind, errors, failure, busy } = useSmallForm(
    { phone: '' },
    { phone: (text) => (toE164(text) === null ? t('linking:pairing.badPhone') : undefined) },
    async ({ phone }) => {
      const answer = await requestPairingCode(toE164(phone) ?? phone);
      setCode(answer);
    },
  );

  if (code && (left === null || left > 0)) {
    const plain = code.code.replace(/[^0-9A-Za-z]/g, '');
    return (
      <div className="flex flex-col items-center gap-3 text-center">
        <p className="text-sm text-muted">{t('linking:pairing.enter')}</p>
        <output className="rounded-2xl bg-tint px-6 py-4 text-3xl font-bold tracking-[0.2em] text-on-tint">
          <Ltr>
            {plain.slice(0, 4)}-{plain.slice(4)}
          </Ltr>
        </output>
        {left !== null && (
          <p className="text-sm text-muted">
            {t('linking:expiresIn')} <Ltr className="font-semibold text-ink">{formatDuration(left)}</Ltr>
          </p>
        )}
        <ol className="flex list-decimal flex-col gap-1.5 ps-5 text-start text-sm text-muted">
          <li>{t('linking:steps.open')}</li>
          <li>{t('linking:steps.devices')}</li>
          <li>{t('linking:pairing.step')}</li>
        </ol>
      </div>
    );
  }
  return (
    <form {...form} className="flex w-full max-w-sm flex-col gap-3">
      {failure !== null && (
        <Notice tone="bad">
          <p>{say(failure)}</p>
        </Notice>
      )}
      <Field label={t('linking:pairing.phone')} hint={t('linking:pairing.hint')} error={errors.phone}>
        <Input type="tel" inputMode="tel" autoComplete="tel" dir="ltr" {...bind('phone')} />
      </Field>
      <Button type="submit" busy={busy}>
        {t('linking:pairing.action')}
      </Button>
    </form>
  );
}
