import { MessageCircle, Phone as PhoneIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { telHref, whatsappHref } from '@/shared/lib/phone';
import { Button } from './button';

interface ContactProps {
  phone: string;
  name: string;
  /** With words beside the icons. */
  labelled?: boolean;
}

/** One tap to call, one to write. */
export function ContactButtons({ phone, name, labelled = false }: ContactProps) {
  const { t } = useTranslation();
  const chat = whatsappHref(phone);
  return (
    <>
      <Button asChild variant={labelled ? 'primary' : 'tint'} size={labelled ? 'normal' : 'icon'}>
        <a
          href={telHref(phone)}
          aria-label={labelled ? undefined : t('common:contact.call', { name })}
          title={labelled ? undefined : t('common:contact.call', { name })}
        >
          <PhoneIcon aria-hidden />
          {labelled && t('common:contact.callShort')}
        </a>
      </Button>
      {chat !== null && (
        <Button asChild variant="good" size={labelled ? 'normal' : 'icon'}>
          <a
            href={chat}
            target="_blank"
            rel="noopener noreferrer"
            aria-label={labelled ? undefined : t('common:contact.whatsapp', { name })}
            title={labelled ? undefined : t('common:contact.whatsapp', { name })}
          >
            <MessageCircle aria-hidden />
            {labelled && t('common:contact.whatsappShort')}
          </a>
        </Button>
      )}
    </>
  );
}
