import { useId } from 'react';

import { cn } from '@/shared/lib/cn';

interface SegmentedProps<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
  className?: string;
}

/** One of two to four, all in sight: radio buttons in the looks of a bar. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onChange,
  className,
}: SegmentedProps<T>) {
  const name = useId();
  return (
    <fieldset className={cn('flex max-w-full rounded-xl bg-hover p-1', className)}>
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className="grid min-h-8 grow cursor-pointer place-items-center rounded-lg px-3 text-center text-sm text-muted transition-colors has-checked:bg-raised has-checked:font-medium has-checked:text-ink has-checked:shadow-xs dark:has-checked:bg-tint dark:has-checked:text-on-tint has-focus-visible:outline-2 has-focus-visible:outline-primary max-md:min-h-11"
        >
          <input
            type="radio"
            name={name}
            className="sr-only"
            checked={value === option.value}
            onChange={() => onChange(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
