import { useEffect, useId, useRef } from 'react';

import { cn } from '@/shared/lib/cn';

interface CheckboxProps {
  label: string;
  checked: boolean | 'indeterminate';
  onChange: (checked: boolean) => void;
  hideLabel?: boolean;
  className?: string;
}

/** A box to tick, with room for a thumb around it. The browser's own box. */
export function Checkbox({ label, checked, onChange, hideLabel = false, className }: CheckboxProps) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = checked === 'indeterminate';
  }, [checked]);
  return (
    <label
      className={cn(
        'inline-flex min-h-11 min-w-11 cursor-pointer items-center justify-center gap-2 text-sm md:min-h-9 md:min-w-9',
        className,
      )}
    >
      <input
        ref={box}
        type="checkbox"
        checked={checked === true}
        onChange={(event) => onChange(event.target.checked)}
        className="size-5 cursor-pointer accent-primary"
      />
      <span className={hideLabel ? 'sr-only' : undefined}>{label}</span>
    </label>
  );
}

interface SwitchProps {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}

/** Something that is on or off, at once. */
export function Switch({ label, hint, checked, onChange, disabled = false }: SwitchProps) {
  const id = useId();
  return (
    <div className="flex min-h-11 items-center justify-between gap-4">
      <label htmlFor={id} className="min-w-0 grow cursor-pointer py-1">
        <span className="block text-sm font-medium">{label}</span>
        {hint !== undefined && (
          <span id={`${id}-hint`} className="block text-sm text-muted">
            {hint}
          </span>
        )}
      </label>
      <span className="relative grid h-11 w-13 shrink-0 place-items-center">
        <input
          id={id}
          type="checkbox"
          role="switch"
          checked={checked}
          disabled={disabled}
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
          onChange={(event) => onChange(event.target.checked)}
          className="peer absolute inset-0 m-0 cursor-pointer appearance-none rounded-full disabled:cursor-not-allowed"
        />
        <span
          aria-hidden
          className="pointer-events-none flex h-7 w-12 items-center rounded-full border border-control bg-hover p-0.5 transition-colors peer-checked:border-primary peer-checked:bg-primary peer-disabled:opacity-60 [&>span]:bg-control peer-checked:[&>span]:translate-x-5 peer-checked:[&>span]:bg-on-primary rtl:peer-checked:[&>span]:-translate-x-5"
        >
          <span className="block size-5.5 rounded-full transition-transform" />
        </span>
      </span>
    </div>
  );
}
