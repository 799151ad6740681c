import { Plus, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { Button, IconButton } from '@/shared/ui/button';
import { Input } from '@/shared/ui/field';

interface PhoneListProps {
  label: string;
  hint: string;
  error: string | undefined;
  numbers: readonly string[];
  max: number;
  onChange: (numbers: string[]) => void;
  /** What belongs to one number, under it. */
  below?: (number: string) => ReactNode;
}

/** Several phone numbers, one under the other. */
export function PhoneList({ label, hint, error, numbers, max, onChange, below }: PhoneListProps) {
  const { t } = useTranslation();
  const shown = numbers.length === 0 ? [''] : numbers;
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1.5 text-sm font-medium">{label}</legend>
      {shown.map((number, index) => (
        <div key={index}>
          <div className="flex gap-1">
            <Input
              type="tel"
              inputMode="tel"
              dir="ltr"
              aria-label={t('settings:answering.number', { number: index + 1 })}
              aria-invalid={error !== undefined || undefined}
              value={number}
              onChange={(event) =>
                onChange(shown.map((other, at) => (at === index ? event.target.value : other)))
              }
            />
            {shown.length > 1 && (
              <IconButton
                label={t('settings:answering.removeNumber', { number: index + 1 })}
                onClick={() => onChange(shown.filter((_, at) => at !== index))}
              >
                <X aria-hidden />
              </IconButton>
            )}
          </div>
          {number.trim() !== '' && below?.(number)}
        </div>
      ))}
      <p className="text-sm text-muted">{hint}</p>
      {error !== undefined && (
        <p role="alert" className="text-sm text-bad">
          {error}
        </p>
      )}
      {shown.length < max && (
        <Button
          variant="secondary"
          size="small"
          className="self-start"
          onClick={() => onChange([...shown, ''])}
        >
          <Plus aria-hidden />
          {t('settings:answering.addNumber')}
        </Button>
      )}
    </fieldset>
  );
}
