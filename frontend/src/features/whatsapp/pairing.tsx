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
import { useRefusal } from './refusal';

/** A code to type into WhatsApp: for people whose only screen is the phone itself. */
export function PairingCode() {
  const { t } = useTranslation();
  const [code, setCode] = useState<{ code: string; expiresAt: string } | null>(null);
  const say = useRefusal();
  const now = useNow(1000);
  const left = code ? Math.ceil((Date.parse(code.expiresAt) - now) / 1000) : null;
  const { form, bind, errors, failure, busy } = useSmallForm(
    { phone: '' },
    { phone: (text) => (toE164(text) === null ? t('whatsapp:pairing.badPhone') : undefined) },
    async ({ phone }) => {
      const answer = await requestPairingCode(toE164(phone) ?? phone);
      setCode(answer);
    },
  );

  if (code && (left === null || left > 0)) {
    const plain = code.code.replace(/[^0-9A-Za-z]/g, '');
    return (
      <div className="flex flex-col items-center gap-3 text-center">
        <p className="text-sm text-muted">{t('whatsapp:pairing.enter')}</p>
        <output className="rounded-2xl bg-tint px-6 py-4 text-3xl font-bold tracking-[0.2em] text-on-tint">
          <Ltr>
            {plain.slice(0, 4)}-{plain.slice(4)}
          </Ltr>
        </output>
        {left !== null && (
          <p className="text-sm text-muted">
            {t('whatsapp:expiresIn')} <Ltr className="font-semibold text-ink">{formatDuration(left)}</Ltr>
          </p>
        )}
        <ol className="flex list-decimal flex-col gap-1.5 ps-5 text-start text-sm text-muted">
          <li>{t('whatsapp:steps.open')}</li>
          <li>{t('whatsapp:steps.devices')}</li>
          <li>{t('whatsapp:pairing.step')}</li>
        </ol>
      </div>
    );
  }
  return (
    <form {...form} className="flex w-full max-w-sm flex-col gap-3">
      {failure !== null && (
        <Notice tone="bad">
          <p dir="auto">{say(failure)}</p>
        </Notice>
      )}
      <Field label={t('whatsapp:pairing.phone')} hint={t('whatsapp:pairing.hint')} error={errors.phone}>
        <Input type="tel" inputMode="tel" autoComplete="tel" dir="ltr" {...bind('phone')} />
      </Field>
      <Button type="submit" busy={busy}>
        {t('whatsapp:pairing.action')}
      </Button>
    </form>
  );
}
