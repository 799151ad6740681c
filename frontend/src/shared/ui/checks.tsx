import { Check, Minus } from 'lucide-react';
import { Checkbox as RadixCheckbox, Switch as RadixSwitch } from 'radix-ui';
import { useId } from 'react';

import { cn } from '@/shared/lib/cn';

interface CheckboxProps {
  label: string;
  checked: boolean | 'indeterminate';
  onChange: (checked: boolean) => void;
  hideLabel?: boolean;
  className?: string;
}

/** A box to tick, with room for a thumb around it. */
export function Checkbox({ label, checked, onChange, hideLabel = false, className }: CheckboxProps) {
  const id = useId();
  return (
    <span className={cn('inline-flex items-center', className)}>
      <RadixCheckbox.Root
        id={id}
        checked={checked}
        onCheckedChange={(next) => onChange(next === true)}
        aria-label={hideLabel ? label : undefined}
        className="group grid size-11 place-items-center rounded-xl md:size-9"
      >
        <span className="grid size-5 place-items-center rounded-md border border-control bg-card text-on-primary group-data-[state=checked]:border-primary group-data-[state=checked]:bg-primary group-data-[state=indeterminate]:border-primary group-data-[state=indeterminate]:bg-primary">
          <RadixCheckbox.Indicator>
            {checked === 'indeterminate' ? <Minus aria-hidden className="size-4" /> : <Check aria-hidden className="size-4" />}
          </RadixCheckbox.Indicator>
        </span>
      </RadixCheckbox.Root>
      {!hideLabel && (
        <label htmlFor={id} className="text-sm">
          {label}
        </label>
      )}
    </span>
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
      <label htmlFor={id} className="min-w-0 grow py-1">
        <span className="block text-sm font-medium">{label}</span>
        {hint !== undefined && <span className="block text-sm text-muted">{hint}</span>}
      </label>
      <RadixSwitch.Root id={id} checked={checked} onCheckedChange={onChange} disabled={disabled} className="group grid h-11 w-13 shrink-0 place-items-center disabled:opacity-60">
        <span className="flex h-7 w-12 items-center rounded-full border border-control bg-hover p-0.5 transition-colors group-data-[state=checked]:border-primary group-data-[state=checked]:bg-primary">
          <RadixSwitch.Thumb className="block size-5.5 rounded-full bg-control transition-transform data-[state=checked]:translate-x-5 data-[state=checked]:bg-on-primary rtl:data-[state=checked]:-translate-x-5" />
        </span>
      </RadixSwitch.Root>
    </div>
  );
}
