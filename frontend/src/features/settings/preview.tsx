import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Mic, PhoneForwarded, PhoneOff, Volume2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { ApiError, sentence } from '@/shared/api/problem';
import type { Schemas } from '@/shared/api/types';
import { formatDuration } from '@/shared/lib/format';
import { useRested } from '@/shared/lib/hooks';
import { Badge } from '@/shared/ui/badge';
import { Section } from '@/shared/ui/card';
import { Field, Input } from '@/shared/ui/field';
import { Notice, SkeletonRows } from '@/shared/ui/states';
import { Ltr, Phone } from '@/shared/ui/text';

import { type CallSettings, previewQuery } from './api';

type Step = Schemas['PreviewStep'];

/** What a caller would hear now, or at another moment, with the settings as they stand on screen. */
export function Preview({ businessId, settings }: { businessId: string; settings: CallSettings }) {
  const { t } = useTranslation();
  const [at, setAt] = useState('');
  const rested = useRested(settings, 400);
  const moment = at === '' ? null : new Date(at).toISOString();
  const query = useQuery({ ...previewQuery(businessId, rested, moment), placeholderData: keepPreviousData });
  return (
    <Section title={t('settings.preview.title')} hint={t('settings.preview.hint')} className="lg:sticky lg:top-6">
      <div className="flex flex-col gap-4">
        <Field label={t('settings.preview.at')}>
          <Input type="datetime-local" dir="ltr" value={at} onChange={(event) => setAt(event.target.value)} />
        </Field>
        {query.data ? (
          <div aria-live="polite" className="flex flex-col gap-3">
            <Badge tone={query.data.open ? 'good' : 'warn'} className="self-start">
              {t(query.data.open ? 'settings.preview.open' : 'settings.preview.closed')}
            </Badge>
            <ol className="flex flex-col gap-2.5">
              {query.data.steps.map((step, index) => (
                <PreviewStep key={index} step={step} />
              ))}
            </ol>
          </div>
        ) : query.isError ? (
          <Notice tone={query.error instanceof ApiError && query.error.status === 422 ? 'warn' : 'bad'}>
            {query.error instanceof ApiError && query.error.status === 422 ? t('settings.preview.invalid') : sentence(query.error, t)}
          </Notice>
        ) : (
          <SkeletonRows rows={2} />
        )}
      </div>
    </Section>
  );
}

const ICONS = { say: Volume2, dial: PhoneForwarded, record: Mic, hang_up: PhoneOff };

function PreviewStep({ step }: { step: Step }) {
  const { t } = useTranslation();
  const Icon = ICONS[step.kind];
  return (
    <li className="flex items-start gap-3">
      <span className="grid size-9 shrink-0 place-items-center rounded-full bg-tint text-on-tint">
        <Icon aria-hidden className="size-4.5" />
      </span>
      <div className="min-w-0 grow rounded-2xl rounded-ss-sm bg-hover px-3.5 py-2 text-sm">
        {step.kind === 'say' && (
          <p dir="auto" className="whitespace-pre-wrap">
            {step.text}
          </p>
        )}
        {step.kind === 'dial' && (
          <p>
            {t('settings.preview.dial')}{' '}
            {(step.numbers ?? []).map((number, index) => (
              <span key={number}>
                {index > 0 && ', '}
                <Phone value={number} />
              </span>
            ))}
            {typeof step.seconds === 'number' && (
              <>
                {' · '}
                <Ltr>{formatDuration(step.seconds)}</Ltr>
              </>
            )}
          </p>
        )}
        {step.kind === 'record' && (
          <p>
            {t('settings.preview.record')} {typeof step.seconds === 'number' && <Ltr>{formatDuration(step.seconds)}</Ltr>}
          </p>
        )}
        {step.kind === 'hang_up' && <p>{t('settings.preview.hangUp')}</p>}
      </div>
    </li>
  );
}
