import { ChevronDown, ChevronUp, Plus, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { formatPhone } from '@/shared/lib/phone';
import { Button, IconButton } from '@/shared/ui/button';
import { Switch } from '@/shared/ui/checks';
import { Field, Input, Select } from '@/shared/ui/field';

import type { CallSettings } from './queries';
import { asks, type Callee, MAX_TARGETS, moved, type Target, total } from './targets';

/** A number as the server holds it: written for people. What is being typed stays as typed; the server reads it. */
const STORED = /^\+\d+$/;
/** The choice of no person. */
const NUMBER = '';

interface TargetListProps {
  label: string;
  settings: CallSettings;
  targets: Target[];
  people: readonly Callee[];
  /** Where the list is in the settings, for what the server says of it. */
  at: string;
  errorOf: (field: string) => string | undefined;
  onChange: (targets: Target[]) => void;
}

/** People of the business and bare numbers, one under the other. */
export function TargetList({ label, settings, targets, people, at, errorOf, onChange }: TargetListProps) {
  const { t } = useTranslation();
  const ringing = settings.ringing ?? 'all';
  const usual = settings.forward_timeout_s ?? 20;
  const limit = settings.ring_limit_s ?? 120;
  const shown: Target[] = targets.length === 0 ? [{ who: { number: '' } }] : targets;
  const change = (index: number, next: Target) =>
    onChange(shown.map((other, place) => (place === index ? next : other)));
  const rowError = shown.some((_, index) => errorOf(`${at}[${String(index)}]`) !== undefined);
  const error = rowError ? undefined : errorOf(at);
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-1.5 text-sm font-medium">{label}</legend>
      {shown.map((target, index) => (
        <Row
          key={index}
          number={index + 1}
          target={target}
          people={people}
          seconds={ringing === 'all' ? null : usual}
          error={
            errorOf(`${at}[${String(index)}].who`) ??
            (at === 'targets' ? errorOf(`forward_to[${String(index)}]`) : undefined)
          }
          timeError={errorOf(`${at}[${String(index)}].timeout_s`)}
          onChange={(next) => change(index, next)}
          onRemove={
            shown.length > 1 ? () => onChange(shown.filter((_, place) => place !== index)) : undefined
          }
          onUp={index > 0 ? () => onChange(moved(shown, index, -1)) : undefined}
          onDown={index < shown.length - 1 ? () => onChange(moved(shown, index, 1)) : undefined}
        />
      ))}
      {ringing !== 'all' && (
        <p className="text-sm text-muted">
          {t('settings:targets.total', { total: total(shown, usual), limit })}
        </p>
      )}
      {error !== undefined && (
        <p role="alert" className="text-sm text-bad">
          {error}
        </p>
      )}
      {shown.length < MAX_TARGETS && (
        <Button
          variant="secondary"
          size="small"
          className="self-start"
          onClick={() => onChange([...shown, { who: { number: '' } }])}
        >
          <Plus aria-hidden />
          {t('settings:targets.add')}
        </Button>
      )}
    </fieldset>
  );
}

interface RowProps {
  number: number;
  target: Target;
  people: readonly Callee[];
  /** The usual time to ring; null where all ring at once. */
  seconds: number | null;
  error: string | undefined;
  timeError: string | undefined;
  onChange: (target: Target) => void;
  onRemove: (() => void) | undefined;
  onUp: (() => void) | undefined;
  onDown: (() => void) | undefined;
}

function Row({
  number,
  target,
  people,
  seconds,
  error,
  timeError,
  onChange,
  onRemove,
  onUp,
  onDown,
}: RowProps) {
  const { t } = useTranslation();
  const member = 'member' in target.who ? target.who.member : NUMBER;
  const typed = 'number' in target.who ? target.who.number : null;
  const person = people.find((one) => one.id === member);
  return (
    <div
      role="group"
      aria-label={t('settings:targets.one', { number })}
      className="flex flex-col gap-2 rounded-xl border p-3"
    >
      <div className="flex items-start gap-1">
        <Select
          aria-label={t('settings:targets.who', { number })}
          aria-invalid={(error !== undefined && typed === null) || undefined}
          value={member}
          onChange={(event) =>
            onChange({
              ...target,
              who: event.target.value === NUMBER ? { number: '' } : { member: event.target.value },
            })
          }
        >
          <option value={NUMBER}>{t('settings:targets.number')}</option>
          {people.map((one) => (
            <option key={one.id} value={one.id}>
              {one.call_number === null ? t('settings:targets.noCalls', { name: one.name }) : one.name}
            </option>
          ))}
          {member !== NUMBER && person === undefined && people.length > 0 && (
            <option value={member}>{t('settings:targets.gone')}</option>
          )}
        </Select>
        {onUp && (
          <IconButton label={t('settings:targets.up', { number })} onClick={onUp}>
            <ChevronUp aria-hidden />
          </IconButton>
        )}
        {onDown && (
          <IconButton label={t('settings:targets.down', { number })} onClick={onDown}>
            <ChevronDown aria-hidden />
          </IconButton>
        )}
        {onRemove && (
          <IconButton label={t('settings:targets.remove', { number })} onClick={onRemove}>
            <X aria-hidden />
          </IconButton>
        )}
      </div>
      {typed !== null && (
        <Input
          type="tel"
          inputMode="tel"
          dir="ltr"
          aria-label={t('settings:answering.number', { number })}
          aria-invalid={error !== undefined || undefined}
          value={STORED.test(typed) ? formatPhone(typed) : typed}
          onChange={(event) => onChange({ ...target, who: { number: event.target.value } })}
        />
      )}
      {error !== undefined && (
        <p role="alert" className="text-sm text-bad">
          {error}
        </p>
      )}
      <Switch
        label={t('settings:answering.ask')}
        checked={asks(target, people)}
        onChange={(ask) => onChange({ ...target, ask })}
      />
      {seconds !== null && (
        <Field label={t('settings:answering.timeout')} error={timeError}>
          <Input
            type="number"
            inputMode="numeric"
            dir="ltr"
            min={5}
            max={60}
            className="max-w-40"
            value={target.timeout_s ?? seconds}
            onChange={(event) => onChange({ ...target, timeout_s: Math.round(Number(event.target.value)) })}
          />
        </Field>
      )}
    </div>
  );
}
