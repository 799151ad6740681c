import { ChevronDown } from 'lucide-react';
import { type ComponentProps, createContext, type ReactNode, use, useId } from 'react';

import { cn } from '@/shared/lib/cn';

interface FieldContext {
  id: string;
  describedBy: string | undefined;
  invalid: boolean;
}

const Context = createContext<FieldContext | null>(null);

interface FieldProps {
  label: string;
  hint?: string | undefined;
  /** What is wrong, as a sentence. */
  error?: string | undefined;
  /** The label is read aloud only. */
  hideLabel?: boolean;
  className?: string;
  children: ReactNode;
}

/** A label, its control, and what is to be said of it. */
export function Field({ label, hint, error, hideLabel = false, className, children }: FieldProps) {
  const id = useId();
  const describedBy = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`]
    .filter(Boolean)
    .join(' ');
  return (
    <Context
      value={{ id, describedBy: describedBy === '' ? undefined : describedBy, invalid: error !== undefined }}
    >
      <div className={cn('flex min-w-0 flex-col gap-1.5', className)}>
        <label htmlFor={id} className={hideLabel ? 'sr-only' : 'text-sm font-medium'}>
          {label}
        </label>
        {children}
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-sm text-muted">
            {hint}
          </p>
        )}
        {error !== undefined && (
          <p id={`${id}-error`} role="alert" className="text-sm text-bad">
            {error}
          </p>
        )}
      </div>
    </Context>
  );
}

function useField(): Partial<ComponentProps<'input'>> {
  const field = use(Context);
  if (!field) return {};
  return { id: field.id, 'aria-describedby': field.describedBy, 'aria-invalid': field.invalid || undefined };
}

// 16 px: a smaller font makes phones zoom into the field.
const CONTROL =
  'w-full rounded-xl border border-control bg-card text-base text-ink placeholder:text-muted transition-colors hover:border-ink/60 disabled:opacity-60 aria-invalid:border-bad md:text-sm';

/** A line of text. */
// The placeholder of one space lets CSS see that a field is empty (see styles.css).
export function Input({ className, dir = 'auto', placeholder = ' ', ...props }: ComponentProps<'input'>) {
  return (
    <input
      dir={dir}
      placeholder={placeholder}
      className={cn(CONTROL, 'min-h-11 px-3 md:min-h-10', className)}
      {...useField()}
      {...props}
    />
  );
}

/** Several lines of text. */
export function Textarea({ className, rows = 4, placeholder = ' ', ...props }: ComponentProps<'textarea'>) {
  const field = useField() as Partial<ComponentProps<'textarea'>>;
  return (
    <textarea
      dir="auto"
      rows={rows}
      placeholder={placeholder}
      className={cn(CONTROL, 'px-3 py-2.5', className)}
      {...field}
      {...props}
    />
  );
}

/** One of a few: the phone's own picker, which a thumb knows. */
export function Select({ className, ...props }: ComponentProps<'select'>) {
  const field = useField() as Partial<ComponentProps<'select'>>;
  return (
    <span className={cn('relative inline-flex min-w-0', className)}>
      <select
        className={cn(CONTROL, 'min-h-11 appearance-none truncate ps-3 pe-8 md:min-h-10')}
        {...field}
        {...props}
      />
      <ChevronDown
        aria-hidden
        className="pointer-events-none absolute inset-y-0 end-2.5 my-auto size-4 text-muted"
      />
    </span>
  );
}
