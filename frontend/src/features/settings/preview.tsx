import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Grid3x3, type LucideIcon, Mic, PhoneForwarded, PhoneOff, Volume2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { ApiError, sentence } from '@/shared/api/problem';
import type { Schemas } from '@/shared/api/types';
import { formatDuration } from '@/shared/lib/format';
import { useRested } from '@/shared/lib/hooks';
import { Badge } from '@/shared/ui/badge';
import { Section } from '@/shared/ui/card';
import { Segmented } from '@/shared/ui/segmented';
import { Notice, SkeletonRows } from '@/shared/ui/states';
import { Ltr, Phone } from '@/shared/ui/text';

import { type CallSettings, previewQuery } from './queries';

type Step = Schemas['Step'];
type When = 'open' | 'closed' | 'nobody_answered';

/** What a caller would hear with the settings as they stand on screen, during the hours and outside them. */
export function Preview({ businessId, settings }: { businessId: string; settings: CallSettings }) {
  const { t } = useTranslation();
  const [when, setWhen] = useState<When>('open');
  const rested = useRested(settings, 400);
  const query = useQuery({ ...previewQuery(businessId, rested), placeholderData: keepPreviousData });
  const unanswered = settings.mode === 'forward';
  const shown = when === 'nobody_answered' && !unanswered ? 'open' : when;
  return (
    <Section
      title={t('settings:preview.title')}
      hint={t('settings:preview.hint')}
      className="lg:sticky lg:top-6"
    >
      <div className="flex flex-col gap-4">
        <Segmented
          label={t('settings:preview.when')}
          value={shown}
          options={[
            { value: 'open', label: t('settings:preview.open') },
            ...(unanswered
              ? [{ value: 'nobody_answered' as const, label: t('settings:preview.unanswered') }]
              : []),
            { value: 'closed', label: t('settings:preview.closed') },
          ]}
          onChange={setWhen}
        />
        {query.data ? (
          <div aria-live="polite" className="flex flex-col gap-3">
            <p className="text-sm text-muted">
              {t('settings:preview.now')}{' '}
              <Badge tone={query.data.now === 'closed' ? 'warn' : 'good'}>
                {t(`calls:answer.${query.data.now}`)}
              </Badge>
            </p>
            <ol className="flex flex-col gap-2.5">
              {query.data[shown].map((step, index) => (
                <PreviewStep key={index} step={step} />
              ))}
            </ol>
            {shown === 'open' && query.data.question !== null && (
              <div>
                <p className="mb-2.5 text-sm text-muted">{t('settings:preview.question')}</p>
                <ol>
                  <PreviewStep step={{ verb: 'say', text: query.data.question, voice: '', language: '' }} />
                </ol>
              </div>
            )}
          </div>
        ) : query.isError ? (
          <Notice tone={query.error instanceof ApiError && query.error.status === 422 ? 'warn' : 'bad'}>
            {query.error instanceof ApiError && query.error.status === 422
              ? t('settings:preview.invalid')
              : sentence(query.error, t)}
          </Notice>
        ) : (
          <SkeletonRows rows={2} />
        )}
      </div>
    </Section>
  );
}

const ICONS = { choose: Grid3x3, say: Volume2, dial: PhoneForwarded, record: Mic, hang_up: PhoneOff };

function PreviewStep({ step }: { step: Step }) {
  const { t } = useTranslation();
  // A newer server may say more than this page knows.
  const Icon = (ICONS as Partial<Record<string, LucideIcon>>)[step.verb] ?? Volume2;
  return (
    <li className="flex items-start gap-3">
      <span className="grid size-9 shrink-0 place-items-center rounded-full bg-tint text-on-tint">
        <Icon aria-hidden className="size-4.5" />
      </span>
      <div className="min-w-0 grow rounded-2xl rounded-ss-sm bg-hover px-3.5 py-2 text-sm">
        {step.verb === 'say' && (
          <p dir="auto" className="whitespace-pre-wrap">
            {step.text}
          </p>
        )}
        {step.verb === 'dial' && (
          <p>
            {t('settings:preview.dial')}{' '}
            {step.numbers.map((number, index) => (
              <span key={number}>
                {index > 0 && ', '}
                <Phone value={number} />
              </span>
            ))}
            {' · '}
            <Ltr>{formatDuration(step.timeout_s)}</Ltr>
          </p>
        )}
        {step.verb === 'record' && (
          <p>
            {t('settings:preview.record')} <Ltr>{formatDuration(step.max_length_s)}</Ltr>
          </p>
        )}
        {step.verb === 'choose' && <p>{t('settings:preview.choose')}</p>}
        {step.verb === 'hang_up' && <p>{t('settings:preview.hangUp')}</p>}
      </div>
    </li>
  );
}
