import { Eye, EyeOff } from 'lucide-react';
import { type ComponentProps, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { IconButton } from '@/shared/ui/button';
import { Field, Input } from '@/shared/ui/field';

type PasswordFieldProps = ComponentProps<'input'> & {
  label: string;
  error?: string | undefined;
  hint?: string;
};

/** A password that can be looked at while it is typed. */
export function PasswordField({ label, error, hint, ...props }: PasswordFieldProps) {
  const { t } = useTranslation();
  const [seen, setSeen] = useState(false);
  return (
    <Field label={label} error={error} hint={hint}>
      <div className="relative">
        <PasswordInput seen={seen} {...props} />
        <IconButton
          label={t(seen ? 'common:forms.hidePassword' : 'common:forms.showPassword')}
          className="absolute end-0 top-0"
          onClick={() => setSeen(!seen)}
        >
          {seen ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
        </IconButton>
      </div>
    </Field>
  );
}

/** Reads from left to right in either language, and leaves room on the side where the page's lines end. */
function PasswordInput({ seen, ...props }: ComponentProps<'input'> & { seen: boolean }) {
  return (
    <Input
      type={seen ? 'text' : 'password'}
      dir="ltr"
      className="pe-11 rtl:ps-11 rtl:pe-3"
      maxLength={128}
      {...props}
    />
  );
}
