import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  LoaderCircle,
  type LucideIcon,
  QrCode,
  Smartphone,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { Badge, type Tone } from '@/shared/ui/badge';

import type { WhatsappState } from './queries';

const LOOKS: Record<WhatsappState, { tone: Tone; icon: LucideIcon }> = {
  not_linked: { tone: 'neutral', icon: CircleDashed },
  requesting: { tone: 'primary', icon: LoaderCircle },
  qr_ready: { tone: 'primary', icon: QrCode },
  expired: { tone: 'warn', icon: CircleAlert },
  interrupted: { tone: 'warn', icon: CircleAlert },
  code_ready: { tone: 'primary', icon: Smartphone },
  pairing: { tone: 'primary', icon: LoaderCircle },
  connected: { tone: 'good', icon: CircleCheck },
  reconnecting: { tone: 'warn', icon: LoaderCircle },
  replaced: { tone: 'bad', icon: CircleAlert },
  unlinking: { tone: 'warn', icon: LoaderCircle },
  unlinked: { tone: 'neutral', icon: CircleDashed },
  logged_out: { tone: 'warn', icon: CircleAlert },
  stopped: { tone: 'bad', icon: CircleAlert },
};

/** The state in a word. */
export function WhatsappBadge({ state }: { state: WhatsappState }) {
  const { t } = useTranslation();
  const { tone, icon: Icon } = LOOKS[state];
  return (
    <Badge tone={tone} className="px-3! py-1! text-sm!">
      <Icon aria-hidden className={Icon === LoaderCircle ? 'animate-spin' : undefined} />
      {t(`whatsapp:state.${state}.name`)}
    </Badge>
  );
}
