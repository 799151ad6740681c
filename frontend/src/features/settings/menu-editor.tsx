import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Button, IconButton } from '@/shared/ui/button';
import { Field, Input, Select, Textarea } from '@/shared/ui/field';

import {
  bytes,
  fresh,
  freeKey,
  isFilled,
  KEYS,
  MAX_BYTES,
  MAX_DEPTH,
  MAX_LABEL,
  MAX_NODES,
  type Menu,
  type MenuOption,
  nodes,
  optionsOf,
  rekeyed,
  type Then,
  withOption,
  withoutOption,
} from './menu';
import type { CallSettings } from './queries';
import { TargetList } from './target-list';
import type { Callee } from './targets';

interface Shared {
  settings: CallSettings;
  people: readonly Callee[];
  errorOf: (field: string) => string | undefined;
  errorAt: (field: string) => string | undefined;
  /** Whether one more option fits. */
  room: boolean;
}

/** What callers may choose after the greeting. */
export function MenuEditor({
  menu,
  settings,
  people,
  errorOf,
  errorAt,
  onChange,
}: Omit<Shared, 'room'> & { menu: Menu; onChange: (menu: Menu) => void }) {
  const { t } = useTranslation();
  const [count, size] = [nodes(menu), bytes(menu)];
  return (
    <div className="flex flex-col gap-4">
      <OneMenu
        menu={menu}
        at="menu"
        depth={1}
        settings={settings}
        people={people}
        errorOf={errorOf}
        errorAt={errorAt}
        room={count < MAX_NODES}
        onChange={onChange}
      />
      {(count > MAX_NODES * 0.75 || size > MAX_BYTES * 0.75) && (
        <p className="text-sm text-muted">
          {t('settings:menu.size', {
            count,
            most: MAX_NODES,
            percent: Math.round((100 * size) / MAX_BYTES),
          })}
        </p>
      )}
    </div>
  );
}

function OneMenu({
  menu,
  at,
  depth,
  onChange,
  ...shared
}: Shared & { menu: Menu; at: string; depth: number; onChange: (menu: Menu) => void }) {
  const { t } = useTranslation();
  const options = optionsOf(menu);
  const free = freeKey(menu);
  const own = shared.errorAt(at) ?? (options.length === 0 ? shared.errorOf(`${at}.options`) : undefined);
  return (
    <div className="flex flex-col gap-3">
      <Field
        label={t('settings:menu.prompt')}
        hint={t('settings:menu.promptHint')}
        error={shared.errorOf(`${at}.prompt`)}
      >
        <Textarea
          rows={2}
          value={menu.prompt ?? ''}
          onChange={(event) =>
            onChange({ ...menu, prompt: event.target.value === '' ? null : event.target.value })
          }
        />
      </Field>
      {options.map(([key, option]) => (
        <Option
          key={key}
          {...shared}
          menu={menu}
          digit={key}
          option={option}
          at={`${at}.options.${key}`}
          depth={depth}
          onMenu={onChange}
        />
      ))}
      {own !== undefined && (
        <p role="alert" className="text-sm text-bad">
          {own}
        </p>
      )}
      <div className="flex flex-wrap items-end gap-3">
        {free !== undefined && shared.room && (
          <Button
            variant="secondary"
            size="small"
            onClick={() => onChange(withOption(menu, free, { label: '', then: fresh('record') }))}
          >
            <Plus aria-hidden />
            {t('settings:menu.add')}
          </Button>
        )}
      </div>
      <div className="grid gap-3 sm:grid-cols-2">
        <Times
          label={t('settings:menu.silent')}
          value={menu.silent_limit ?? 2}
          onChange={(silent_limit) => onChange({ ...menu, silent_limit })}
        />
        <Times
          label={t('settings:menu.wrong')}
          value={menu.wrong_limit ?? 2}
          onChange={(wrong_limit) => onChange({ ...menu, wrong_limit })}
        />
      </div>
    </div>
  );
}

function Times({ label, value, onChange }: { label: string; value: number; onChange: (n: number) => void }) {
  return (
    <Field label={label}>
      <Select value={String(value)} onChange={(event) => onChange(Number(event.target.value))}>
        {[1, 2, 3].map((times) => (
          <option key={times} value={String(times)}>
            {times}
          </option>
        ))}
      </Select>
    </Field>
  );
}

interface OptionProps extends Shared {
  menu: Menu;
  digit: string;
  option: MenuOption;
  at: string;
  depth: number;
  onMenu: (menu: Menu) => void;
}

function Option({ menu, digit, option, at, depth, onMenu, ...shared }: OptionProps) {
  const { t } = useTranslation();
  // What is done once somebody has said that they want to lose what is there.
  const [losing, setLosing] = useState<{ do: () => void } | null>(null);
  const put = (next: MenuOption) => onMenu(withOption(menu, digit, next));
  const { then } = option;
  const lose = (act: () => void) => {
    if (isFilled(then)) setLosing({ do: act });
    else act();
  };
  return (
    <div
      role="group"
      aria-label={t('settings:menu.option', { digit })}
      className="flex flex-col gap-3 rounded-xl border p-3"
    >
      <div className="grid grid-cols-[5rem_minmax(0,1fr)_auto] items-end gap-2">
        <Field label={t('settings:menu.digit')}>
          <Select value={digit} onChange={(event) => onMenu(rekeyed(menu, digit, event.target.value))}>
            {KEYS.filter((key) => key === digit || menu.options?.[key] === undefined).map((key) => (
              <option key={key} value={key}>
                {key}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t('settings:menu.label')} error={shared.errorOf(`${at}.label`)}>
          <Input
            value={option.label}
            maxLength={MAX_LABEL}
            onChange={(event) => put({ ...option, label: event.target.value })}
          />
        </Field>
        <IconButton
          label={t('settings:menu.remove', { digit })}
          onClick={() => lose(() => onMenu(withoutOption(menu, digit)))}
        >
          <Trash2 aria-hidden />
        </IconButton>
      </div>
      {losing !== null && (
        <Losing
          onKeep={() => setLosing(null)}
          onLose={() => {
            setLosing(null);
            losing.do();
          }}
        />
      )}
      <Field label={t('settings:menu.then')}>
        <Select
          value={then.do}
          onChange={(event) => {
            const next = fresh(event.target.value as Then['do']);
            lose(() => put({ ...option, then: next }));
          }}
        >
          <option value="forward">{t('settings:menu.do.forward')}</option>
          <option value="record">{t('settings:menu.do.record')}</option>
          <option value="say">{t('settings:menu.do.say')}</option>
          {(depth < MAX_DEPTH || then.do === 'menu') && (
            <option value="menu">{t('settings:menu.do.menu')}</option>
          )}
        </Select>
      </Field>
      {then.do === 'say' && (
        <Field label={t('settings:menu.text')} error={shared.errorOf(`${at}.then.text`)}>
          <Textarea
            rows={2}
            value={then.text}
            onChange={(event) => put({ ...option, then: { ...then, text: event.target.value } })}
          />
        </Field>
      )}
      {then.do === 'forward' && (
        <TargetList
          label={t('settings:answering.forwardTo')}
          settings={shared.settings}
          targets={then.targets}
          people={shared.people}
          at={`${at}.then.targets`}
          errorOf={shared.errorOf}
          onChange={(targets) => put({ ...option, then: { ...then, targets } })}
        />
      )}
      {then.do === 'menu' && (
        <OneMenu
          {...shared}
          menu={then.menu}
          at={`${at}.then.menu`}
          depth={depth + 1}
          onChange={(inner) => put({ ...option, then: { ...then, menu: inner } })}
        />
      )}
    </div>
  );
}

/** Asks whether what is inside may go. */
export function Losing({ onKeep, onLose }: { onKeep: () => void; onLose: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-wrap items-center gap-2 text-sm" role="alert">
      <span className="grow">{t('settings:menu.removeAll')}</span>
      <Button variant="ghost" size="small" onClick={onKeep}>
        {t('common:cancel')}
      </Button>
      <Button variant="danger" size="small" onClick={onLose}>
        {t('settings:menu.removeYes')}
      </Button>
    </div>
  );
}
