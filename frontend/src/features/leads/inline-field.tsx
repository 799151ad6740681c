/**
 * One field of a lead, edited where it stands. What was typed survives a lost
 * connection, a reload and an expired session; when somebody else changed the lead
 * meanwhile, both versions are shown and the person chooses.
 */
import { announce } from '@/shared/ui/toast';
import { useQueryClient } from '@tanstack/react-query';
import { Pencil } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { ApiError, NetworkError, sentence } from '@/shared/api/problem';
import { useDraft } from '@/shared/lib/draft';
import { Button } from '@/shared/ui/button';
import { Field, Input, Textarea } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/states';
import { Typed } from '@/shared/ui/text';

import type { FullLead as Lead } from './queries';
import type { FieldName } from './lead-form';
import { freshLead, type LeadChanges, updateLead } from './update-lead';

interface Draft {
  text: string;
  /** The lead's version when the edit began: what `If-Match` carries. */
  version: number;
}

interface InlineFieldProps {
  lead: Lead;
  name: FieldName;
  label: string;
  /** How the value is written in the field. */
  toText: (lead: Lead) => string;
  /** What the text means. */
  toChanges: (text: string) => LeadChanges;
  /** How the value is shown; null shows that there is none. */
  view: ReactNode;
  hint?: string;
  kind?: 'text' | 'tel' | 'email' | 'notes';
}

/** Milliseconds between two attempts to send what could not be sent. */
const RETRY_MS = 5_000;

/** The rules come with the first edit: a page that is only read does without them. */
const rules = () => import('./lead-form');

/** The field. */
export function InlineField({
  lead,
  name,
  label,
  toText,
  toChanges,
  view,
  hint,
  kind = 'text',
}: InlineFieldProps) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [draft, setDraft] = useDraft<Draft>(`lead.${lead.id}.${name}`);
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<string>();
  const [waiting, setWaiting] = useState(false);
  const [theirs, setTheirs] = useState<Lead | null>(null);
  const wantsFocus = useRef(false);
  const pencil = useRef<HTMLButtonElement>(null);

  const close = () => {
    setDraft(null);
    setError(undefined);
    setWaiting(false);
    setTheirs(null);
    setTimeout(() => pencil.current?.focus());
  };

  const save = async (version: number) => {
    if (!draft || saving) return;
    const loaded = await rules().catch(() => null);
    if (loaded === null) {
      setWaiting(true);
      return;
    }
    const { fieldSchemas } = loaded;
    const checked = fieldSchemas[name].safeParse(draft.text);
    if (!checked.success) {
      setWaiting(false);
      setError(checked.error.issues[0]?.message ?? t('common:problems.unknown'));
      return;
    }
    if (draft.text === toText(lead) && theirs === null) {
      close();
      return;
    }
    setSaving(true);
    setError(undefined);
    try {
      await updateLead(cache, lead.id, version, toChanges(checked.data));
      close();
      announce(t('common:saved'));
    } catch (failure) {
      const lost = failure instanceof NetworkError;
      setWaiting(lost);
      if (failure instanceof ApiError && failure.status === 412) {
        setTheirs(await freshLead(cache, lead.id).catch(() => null));
      } else if (!lost) setError(sentence(failure, t));
    } finally {
      setSaving(false);
    }
  };

  // What could not be sent is sent once there is a connection.
  const retry = useRef(save);
  const editing = draft !== null;
  useEffect(() => {
    // Fetched now: when it is saved there may be no line.
    if (editing) void rules().catch(() => undefined);
  }, [editing]);
  useEffect(() => {
    retry.current = save;
  });
  const version = draft?.version;
  const text = draft?.text;
  useEffect(() => {
    if (!waiting || version === undefined) return;
    const again = () => {
      if (navigator.onLine) void retry.current(version);
    };
    addEventListener('online', again);
    // The phone may have been on line all the time, and the server away; not while somebody types on.
    const timer = setInterval(again, RETRY_MS);
    return () => {
      removeEventListener('online', again);
      clearInterval(timer);
    };
  }, [waiting, version, text]);

  if (!draft) {
    return (
      <div className="flex items-start gap-2 border-b py-1.5 last:border-b-0">
        <dl className="min-w-0 grow py-1.5">
          <dt className="text-xs text-muted">{label}</dt>
          <dd className="wrap-anywhere whitespace-pre-wrap">
            {view ?? <span className="text-muted">{t('leads:none')}</span>}
          </dd>
        </dl>
        <Button
          ref={pencil}
          variant="ghost"
          size="icon"
          aria-label={t('leads:edit', { field: label })}
          title={t('leads:edit', { field: label })}
          onClick={() => {
            wantsFocus.current = true;
            setDraft({ text: toText(lead), version: lead.version });
          }}
        >
          <Pencil aria-hidden className="size-4.5! text-muted" />
        </Button>
      </div>
    );
  }

  const input = {
    // The pencil that opened the field is gone: the keyboard goes on inside it.
    ref: (element: HTMLElement | null) => {
      if (element && wantsFocus.current) element.focus();
      wantsFocus.current = false;
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === 'Escape') close();
    },
    value: draft.text,
    onChange: (event: { target: { value: string } }) => {
      setDraft({ ...draft, text: event.target.value });
      setError(undefined);
    },
  };
  return (
    <form
      noValidate
      className="flex flex-col gap-3 border-b py-3 last:border-b-0"
      onSubmit={(event) => {
        event.preventDefault();
        void save(draft.version);
      }}
    >
      <Field label={label} error={error} hint={hint}>
        {kind === 'notes' ? (
          <Textarea rows={5} {...input} />
        ) : (
          <Input autoComplete="off" type={kind} {...(kind === 'text' ? {} : { dir: 'ltr' })} {...input} />
        )}
      </Field>
      {waiting && <Notice tone="warn">{t('leads:conflict.offline')}</Notice>}
      {theirs !== null ? (
        <Notice tone="warn">
          <p className="font-medium">{t('leads:conflict.title')}</p>
          <p className="mt-1">
            {t('leads:conflict.theirs')}{' '}
            <Typed>{toText(theirs) === '' ? t('leads:none') : toText(theirs)}</Typed>
          </p>
          <div className="mt-3 flex flex-wrap gap-2">
            <Button size="small" busy={saving} onClick={() => void save(theirs.version)}>
              {t('leads:conflict.keepMine')}
            </Button>
            <Button size="small" variant="secondary" onClick={close}>
              {t('leads:conflict.takeTheirs')}
            </Button>
          </div>
        </Notice>
      ) : (
        <div className="flex gap-2">
          <Button type="submit" size="small" busy={saving}>
            {t('common:save')}
          </Button>
          <Button variant="secondary" size="small" onClick={close}>
            {t('common:cancel')}
          </Button>
        </div>
      )}
    </form>
  );
}
