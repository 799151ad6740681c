import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Switch } from '@/shared/ui/checks';
import { Section } from '@/shared/ui/card';
import { Field, Input, Select, Textarea } from '@/shared/ui/field';
import { Page } from '@/shared/ui/page';
import { Segmented } from '@/shared/ui/segmented';
import { useBusinessId } from '@/shared/api/session';
import { deferred } from '@/shared/lib/deferred';
import { usersQuery } from '@/features/people';

import { type Editor, SettingsEditor } from './editor';
import { forwards, nodes } from './menu';
import { Preview } from './preview';
import { type Callee, targetsOf, withTargets } from './targets';

const VOICES = {
  he: [
    'Google.he-IL-Wavenet-A',
    'Google.he-IL-Wavenet-B',
    'Google.he-IL-Wavenet-C',
    'Google.he-IL-Wavenet-D',
  ],
  en: [
    'Google.en-US-Wavenet-F',
    'Google.en-US-Wavenet-D',
    'Google.en-GB-Wavenet-A',
    'Google.en-GB-Wavenet-B',
  ],
} as const;

const RINGING = ['all', 'in_order', 'in_turn'] as const;
const TargetList = deferred(async () => (await import('./target-list')).TargetList);
const MenuEditor = deferred(async () => (await import('./menu-editor')).MenuEditor);
const Losing = deferred(async () => (await import('./menu-editor')).Losing);

/** The people of the business, as far as calls need them. */
function useCallees(): readonly Callee[] {
  const businessId = useBusinessId();
  const query = useInfiniteQuery({ ...usersQuery(businessId, {}), enabled: businessId !== null });
  const { hasNextPage, isFetching, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return query.data?.pages.flatMap((page) => page.items) ?? [];
}

/** How the business answers its calls, and what the caller hears. */
export function AnsweringPage() {
  const { t } = useTranslation();
  const people = useCallees();
  return (
    <Page
      title={t('settings:answering.title')}
      hint={t('settings:answering.hint')}
      back={{ to: '/settings', label: t('settings:title') }}
    >
      <SettingsEditor>
        {(editor) => (
          <div className="grid grid-cols-1 items-start gap-4 md:gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            <div className="flex flex-col gap-4 md:gap-5">
              <Greeting {...editor} />
              <Mode {...editor} people={people} />
              <MenuOfCallers {...editor} people={people} />
              <Closed {...editor} />
            </div>
            <Preview businessId={editor.businessId} settings={editor.settings} />
          </div>
        )}
      </SettingsEditor>
    </Page>
  );
}

function Greeting({ settings, change, name, rename, errorOf }: Editor) {
  const { t } = useTranslation();
  const language = settings.language ?? 'he';
  return (
    <Section title={t('settings:answering.greeting')}>
      <div className="flex flex-col gap-4">
        <Field label={t('settings:answering.name')} error={errorOf('name')}>
          <Input value={name} maxLength={200} onChange={(event) => rename(event.target.value)} />
        </Field>
        <Field
          label={t('settings:answering.text')}
          hint={t('settings:answering.textHint')}
          error={errorOf('greeting')}
        >
          <Textarea
            rows={3}
            value={settings.greeting ?? ''}
            onChange={(event) => change({ greeting: event.target.value === '' ? null : event.target.value })}
          />
        </Field>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t('settings:answering.language')}>
            <Select
              value={language}
              onChange={(event) => change({ language: event.target.value as 'he' | 'en', voice: null })}
            >
              <option value="he">{t('common:languages.he')}</option>
              <option value="en">{t('common:languages.en')}</option>
            </Select>
          </Field>
          <Field label={t('settings:answering.voice')} error={errorOf('voice')}>
            <Select
              value={settings.voice ?? ''}
              onChange={(event) => change({ voice: event.target.value === '' ? null : event.target.value })}
            >
              <option value="">{t('settings:answering.defaultVoice')}</option>
              {VOICES[language].map((voice, index) => (
                <option key={voice} value={voice}>
                  {t('settings:answering.voiceNumber', { number: index + 1 })}
                </option>
              ))}
              {settings.voice && !(VOICES[language] as readonly string[]).includes(settings.voice) && (
                <option value={settings.voice}>{settings.voice}</option>
              )}
            </Select>
          </Field>
        </div>
      </div>
    </Section>
  );
}

function Mode({ settings, change, errorOf, people }: Editor & { people: readonly Callee[] }) {
  const { t } = useTranslation();
  const mode = settings.mode ?? 'record';
  const ringing = settings.ringing ?? 'all';
  // A menu may ring somebody, too.
  const rings = mode === 'forward' || (settings.menu != null && forwards(settings.menu));
  return (
    <Section title={t('settings:answering.after')}>
      <div className="flex flex-col gap-4">
        <Segmented
          label={t('settings:answering.after')}
          value={mode}
          options={[
            { value: 'record', label: t('settings:answering.record') },
            { value: 'forward', label: t('settings:answering.forward') },
          ]}
          onChange={(next) => change({ mode: next })}
        />
        {rings && (
          <>
            <Segmented
              label={t('settings:targets.ringing')}
              value={ringing}
              options={RINGING.map((value) => ({ value, label: t(`settings:targets.${value}`) }))}
              onChange={(next) => change({ ringing: next })}
            />
            <p className="text-sm text-muted">{t(`settings:targets.${ringing}Hint`)}</p>
            {mode === 'forward' && (
              <TargetList
                label={t('settings:answering.forwardTo')}
                settings={settings}
                targets={targetsOf(settings)}
                people={people}
                at="targets"
                errorOf={errorOf}
                onChange={(targets) => change(withTargets(targets))}
              />
            )}
            <p className="text-sm text-muted">{t('settings:answering.askHint')}</p>
            <NumberField
              label={t('settings:answering.timeout')}
              error={errorOf('forward_timeout_s')}
              value={settings.forward_timeout_s ?? 20}
              onChange={(value) => change({ forward_timeout_s: value })}
            />
            {ringing !== 'all' && (
              <NumberField
                label={t('settings:targets.limitLabel')}
                error={errorOf('ring_limit_s')}
                value={settings.ring_limit_s ?? 120}
                onChange={(value) => change({ ring_limit_s: value })}
              />
            )}
            <Switch
              label={t('settings:answering.recordForwarded')}
              hint={t('settings:answering.recordForwardedHint')}
              checked={settings.record_forwarded ?? true}
              onChange={(on) => change({ record_forwarded: on })}
            />
          </>
        )}
        <NumberField
          label={t('settings:answering.maxMessage')}
          error={errorOf('max_message_s')}
          value={settings.max_message_s ?? 300}
          onChange={(value) => change({ max_message_s: value })}
        />
      </div>
    </Section>
  );
}

/** What callers may choose before anything else happens. */
function MenuOfCallers({
  settings,
  change,
  errorOf,
  errorAt,
  people,
}: Editor & { people: readonly Callee[] }) {
  const { t } = useTranslation();
  const menu = settings.menu ?? null;
  const [losing, setLosing] = useState(false);
  return (
    <Section title={t('settings:menu.title')} hint={t('settings:menu.hint')}>
      <div className="flex flex-col gap-4">
        <Switch
          label={t('settings:menu.on')}
          checked={menu !== null}
          onChange={(on) => {
            if (menu !== null && nodes(menu) > 1) setLosing(true);
            else change({ menu: on ? { options: {} } : null });
          }}
        />
        {losing && (
          <Losing
            onKeep={() => setLosing(false)}
            onLose={() => {
              setLosing(false);
              change({ menu: null });
            }}
          />
        )}
        {menu !== null && (
          <MenuEditor
            menu={menu}
            settings={settings}
            people={people}
            errorOf={errorOf}
            errorAt={errorAt}
            onChange={(next) => change({ menu: next })}
          />
        )}
      </div>
    </Section>
  );
}

function NumberField({
  label,
  error,
  value,
  onChange,
}: {
  label: string;
  error: string | undefined;
  value: number;
  onChange: (value: number) => void;
}) {
  return (
    <Field label={label} error={error}>
      <Input
        type="number"
        inputMode="numeric"
        dir="ltr"
        min={5}
        max={3600}
        value={Number.isNaN(value) ? '' : value}
        onChange={(event) => onChange(event.target.value === '' ? 0 : Math.round(Number(event.target.value)))}
        className="max-w-40"
      />
    </Field>
  );
}

function Closed({ settings, change, errorOf }: Editor) {
  const { t } = useTranslation();
  return (
    <Section title={t('settings:answering.closed')} hint={t('settings:answering.closedHint')}>
      <div className="flex flex-col gap-4">
        <Field
          label={t('settings:answering.closedText')}
          hint={t('settings:answering.textHint')}
          error={errorOf('closed_message')}
        >
          <Textarea
            rows={3}
            value={settings.closed_message ?? ''}
            onChange={(event) =>
              change({ closed_message: event.target.value === '' ? null : event.target.value })
            }
          />
        </Field>
        <Segmented
          label={t('settings:answering.closedAction')}
          value={settings.closed_action ?? 'record'}
          options={[
            { value: 'record', label: t('settings:answering.record') },
            { value: 'hang_up', label: t('settings:answering.hangUp') },
          ]}
          onChange={(next) => change({ closed_action: next })}
        />
      </div>
    </Section>
  );
}
