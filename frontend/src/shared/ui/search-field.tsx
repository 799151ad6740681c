import { Search, X } from 'lucide-react';
import { useEffect, useEffectEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useRested } from '@/shared/lib/hooks';

import { IconButton } from './button';
import { Input } from './field';

interface SearchFieldProps {
  /** What is searched for now, as the URL says. */
  value: string;
  label: string;
  onChange: (value: string) => void;
  kind?: 'text' | 'tel';
}

/** A search field that asks once the typing rests. */
export function SearchField({ value, label, onChange, kind = 'text' }: SearchFieldProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  const rested = useRested(typed, 300);
  // The URL changed by other means: a cleared filter, the back button.
  if (known !== value) {
    setKnown(value);
    setTyped(value);
  }
  const ask = useEffectEvent((text: string) => {
    if (text === value || text !== typed) return;
    setKnown(text);
    onChange(text);
  });
  useEffect(() => ask(rested), [rested]);
  return (
    <div className="relative min-w-0 grow">
      <Search aria-hidden className="pointer-events-none absolute inset-y-0 start-3 my-auto size-5 text-muted" />
      <Input
        type="search"
        inputMode={kind === 'tel' ? 'tel' : 'search'}
        enterKeyHint="search"
        aria-label={label}
        placeholder={label}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        className="ps-10 pe-11"
      />
      {typed !== '' && (
        <IconButton
          label={t('list.clearSearch')}
          className="absolute end-0 top-0"
          onClick={() => {
            setTyped('');
            setKnown('');
            onChange('');
          }}
        >
          <X aria-hidden />
        </IconButton>
      )}
    </div>
  );
}
