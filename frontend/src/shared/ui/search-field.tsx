import { Search, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { IconButton } from './button';
import { Input } from './field';

interface SearchFieldProps {
  /** What is searched for now, as the URL says. */
  value: string;
  label: string;
  onChange: (value: string) => void;
  kind?: 'text' | 'tel';
}

/** How long the typing must rest, milliseconds. */
const REST_MS = 300;

/** A search field that asks once the typing rests. */
export function SearchField({ value, label, onChange, kind = 'text' }: SearchFieldProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(value);
  const [seen, setSeen] = useState(value);
  const [asked, setAsked] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // The URL changed by other means: a cleared filter, the back button.
  if (seen !== value) {
    setSeen(value);
    if (value !== asked) {
      setAsked(value);
      setTyped(value);
    }
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (text: string, wait: number) => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setAsked(text);
      onChange(text);
    }, wait);
  };
  return (
    <div className="relative min-w-0 grow md:basis-56">
      <Search
        aria-hidden
        className="pointer-events-none absolute inset-y-0 start-3 my-auto size-5 text-muted"
      />
      <Input
        type="search"
        inputMode={kind === 'tel' ? 'tel' : 'search'}
        enterKeyHint="search"
        aria-label={label}
        placeholder={label}
        value={typed}
        onChange={(event) => type(event.target.value, REST_MS)}
        className="ps-10! pe-11!"
      />
      {typed !== '' && (
        <IconButton
          label={t('common:list.clearSearch')}
          className="absolute end-0 top-0"
          onClick={() => type('', 0)}
        >
          <X aria-hidden />
        </IconButton>
      )}
    </div>
  );
}
