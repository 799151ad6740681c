/**
 * Editing the settings of a business: a draft over what is saved, kept until it is
 * saved too, with everything that is wrong said beside its field.
 */
import { announce } from '@/shared/ui/toast';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { Save } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { ApiError, fieldSentence, sentence } from '@/shared/api/problem';
import { useBusinessId, useCan } from '@/shared/api/session';
import type { Schemas } from '@/shared/api/types';
import { useDraft } from '@/shared/lib/draft';
import { Button } from '@/shared/ui/button';
import { Failed, Notice, SkeletonRows } from '@/shared/ui/states';

import { saveSettings } from './api';
import { type BusinessSettings, type CallSettings, settingsQuery } from './queries';

/** What a page of settings works with. */
export interface Editor {
  businessId: string;
  saved: BusinessSettings;
  settings: CallSettings;
  name: string;
  change: (next: Partial<CallSettings>) => void;
  rename: (name: string) => void;
  /** False for those who may only look. */
  editable: boolean;
  /** What the server says of a field, or of anything below it. */
  errorOf: (field: string) => string | undefined;
  /** What it says of a field itself. */
  errorAt: (field: string) => string | undefined;
}

/** What is wrong with settings alone; the rest of the words is everybody's. */
const OWN = [
  'duplicate_person',
  'not_reachable',
  'loop',
  'rings_too_long',
  'out_of_times',
  'nothing_to_choose',
  'menu_too_deep',
  'menu_too_large',
  'too_far',
] as const;

/** What is wrong with a field, in the reader's language. */
export function told(t: TFunction, wrong: Schemas['FieldError']): string {
  const own = OWN.find((code) => code === wrong.code);
  return own === undefined ? fieldSentence(wrong) : t(`settings:wrong.${own}`);
}

/** A field as this page calls it. */
const bare = (field: string) => field.replace(/^settings\./, '');

/** Whether an error is about a field, or about something inside it. */
function isAt(where: string, field: string): boolean {
  const path = bare(where);
  return path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
}

interface Draft {
  name: string;
  settings: CallSettings;
  revision: number;
}

/** Loads the settings, and holds the bar that saves them. */
export function SettingsEditor({ children }: { children: (editor: Editor) => ReactNode }) {
  const businessId = useBusinessId();
  return businessId === null ? null : <Loaded businessId={businessId}>{children}</Loaded>;
}

function Loaded({ businessId, children }: { businessId: string; children: (editor: Editor) => ReactNode }) {
  const query = useQuery(settingsQuery(businessId));
  if (query.data) {
    return (
      <Editing businessId={businessId} saved={query.data}>
        {children}
      </Editing>
    );
  }
  return query.isError ? (
    <Failed error={query.error} retry={() => void query.refetch()} />
  ) : (
    <SkeletonRows rows={4} />
  );
}

function Editing({
  businessId,
  saved,
  children,
}: {
  businessId: string;
  saved: BusinessSettings;
  children: (editor: Editor) => ReactNode;
}) {
  const { t } = useTranslation();
  const editable = useCan('manageBusiness');
  const [draft, setDraft] = useDraft<Draft>(`settings:${businessId}`);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const current = draft ?? { name: saved.name, settings: saved.settings, revision: saved.revision };
  const errors: Schemas['FieldError'][] = failure instanceof ApiError ? (failure.problem?.errors ?? []) : [];
  const conflict = failure instanceof ApiError && failure.status === 412;
  const outdated = draft !== null && draft.revision !== saved.revision;

  const save = async (revision: number) => {
    setBusy(true);
    setFailure(null);
    try {
      await saveSettings(businessId, revision, {
        ...(current.name === saved.name ? {} : { name: current.name }),
        settings: current.settings,
      });
      setDraft(null);
      announce(t('common:saved'));
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      noValidate
      className="flex flex-col gap-4 md:gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        if (draft && !busy) void save(draft.revision);
      }}
    >
      {!editable && <Notice tone="info">{t('settings:readOnly')}</Notice>}
      <fieldset disabled={!editable} className="contents">
        {children({
          businessId,
          saved,
          editable,
          settings: current.settings,
          name: current.name,
          change: (next) => setDraft({ ...current, settings: { ...current.settings, ...next } }),
          rename: (name) => setDraft({ ...current, name }),
          errorOf: (field) => {
            const wrong = errors.find((error) => isAt(error.field, field));
            return wrong && told(t, wrong);
          },
          errorAt: (field) => {
            const wrong = errors.find((error) => bare(error.field) === field);
            return wrong && told(t, wrong);
          },
        })}
      </fieldset>
      {draft && (
        <div className="sticky bottom-[calc(4.75rem+env(safe-area-inset-bottom))] z-20 flex animate-rise flex-col gap-3 rounded-2xl border bg-raised p-3 shadow-xl md:bottom-4">
          {conflict || outdated ? (
            <Notice tone="warn">{t('settings:conflict')}</Notice>
          ) : (
            failure !== null && (
              <Notice tone="bad">{errors.length > 0 ? t('settings:fixErrors') : sentence(failure, t)}</Notice>
            )
          )}
          <div className="flex flex-wrap items-center gap-2">
            <p className="grow ps-1 text-sm font-medium">{t('settings:unsaved')}</p>
            <Button
              variant="ghost"
              onClick={() => {
                setDraft(null);
                setFailure(null);
              }}
            >
              {t('settings:discard')}
            </Button>
            {conflict || outdated ? (
              <Button busy={busy} onClick={() => void save(saved.revision)}>
                <Save aria-hidden />
                {t('settings:overwrite')}
              </Button>
            ) : (
              <Button type="submit" busy={busy}>
                {!busy && <Save aria-hidden />}
                {t('common:save')}
              </Button>
            )}
          </div>
        </div>
      )}
    </form>
  );
}
