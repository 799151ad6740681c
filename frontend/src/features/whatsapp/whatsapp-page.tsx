import { useMutation, useQuery } from '@tanstack/react-query';
import { announce, toast } from '@/shared/ui/toast';
import { CircleCheck, Eraser, QrCode, RotateCw, Smartphone, Unlink } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useCan } from '@/shared/api/session';
import { deferred } from '@/shared/lib/deferred';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card, Section } from '@/shared/ui/card';
import { ConfirmDialog } from '@/shared/ui/dialog';
import { Page } from '@/shared/ui/page';
import { Segmented } from '@/shared/ui/segmented';
import { Failed, Notice, SkeletonRows } from '@/shared/ui/states';
import { Phone, When } from '@/shared/ui/text';

import { forget, requestQr, unlink } from './api';
import { statusQuery, type WhatsappState, type WhatsappStatus } from './queries';
import { useRefusal } from './refusal';
import { WhatsappBadge } from './state';

const PairingCode = deferred(async () => (await import('./pairing')).PairingCode);
const QrPanel = deferred(async () => (await import('./qr-panel')).QrPanel);

/** Linking WhatsApp: its state in words, the next step, and the QR. */
export function WhatsappPage() {
  const { t } = useTranslation();
  const query = useQuery(statusQuery());
  const mayLink = useCan('linkWhatsapp');
  return (
    <Page title={t('whatsapp:title')} hint={t('whatsapp:hint')} width="narrow">
      {query.data ? (
        <>
          <StatusCard status={query.data} />
          {mayLink ? (
            <Linking status={query.data} />
          ) : (
            query.data.state !== 'connected' && <Notice tone="info">{t('whatsapp:askManager')}</Notice>
          )}
        </>
      ) : query.isError ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonRows rows={2} />
      )}
    </Page>
  );
}

function StatusCard({ status }: { status: WhatsappStatus }) {
  const { t } = useTranslation();
  return (
    <Card className="flex flex-col gap-3 p-4 md:p-5">
      <div className="flex flex-wrap items-center justify-between gap-2" aria-live="polite">
        <WhatsappBadge state={status.state} />
        {status.since && (
          <span className="text-sm text-muted">
            {t('whatsapp:since')} <When at={status.since} />
          </span>
        )}
      </div>
      <p>{t(`whatsapp:state.${status.state}.next`)}</p>
      {status.state === 'connected' && status.phone && (
        <p className="text-sm text-muted">
          {t('whatsapp:linkedNumber')} <Phone value={status.phone} className="font-medium text-ink" />
        </p>
      )}
      {status.reason && status.state !== 'connected' && (
        <p className="text-sm text-muted">
          {t('whatsapp:reason')} <bdi dir="auto">{status.reason}</bdi>
        </p>
      )}
    </Card>
  );
}

/** States in which the phone is linked, whether or not the line is up. */
const LINKED: readonly WhatsappState[] = ['connected', 'reconnecting'];

/** States that leave something of an earlier link behind. */
const ENDED: readonly WhatsappState[] = ['expired', 'replaced', 'logged_out', 'stopped'];

function Linking({ status }: { status: WhatsappStatus }) {
  return LINKED.includes(status.state) ? <Linked /> : <Unlinked status={status} />;
}

function Unlinked({ status }: { status: WhatsappStatus }) {
  const { t } = useTranslation();
  const [way, setWay] = useState<'qr' | 'code'>('qr');
  const say = useRefusal();
  const init = useMutation({ mutationFn: requestQr });
  const showing = way === 'qr' && status.state === 'qr_ready';
  const again = status.state !== 'not_linked';
  return (
    <Section title={t('whatsapp:link.title')} hint={t('whatsapp:link.hint')}>
      <div className="flex flex-col gap-5">
        <fieldset>
          <legend className="mb-2 text-sm font-medium">{t('whatsapp:provider')}</legend>
          <label className="flex min-h-14 cursor-pointer items-center gap-3 rounded-2xl border border-primary bg-tint/50 px-4 py-2">
            <input type="radio" name="provider" checked readOnly className="size-5 accent-primary" />
            <span className="grow">
              <span className="block font-medium">{t('whatsapp:baileys.name')}</span>
              <span className="block text-sm text-muted">{t('whatsapp:baileys.hint')}</span>
            </span>
            <Badge tone="primary">{t('whatsapp:baileys.badge')}</Badge>
          </label>
        </fieldset>
        <Segmented
          label={t('whatsapp:way')}
          value={way}
          options={[
            { value: 'qr', label: t('whatsapp:byQr') },
            { value: 'code', label: t('whatsapp:byCode') },
          ]}
          onChange={setWay}
        />
        {init.isError && way === 'qr' && (
          <Notice tone="bad">
            <p className="font-medium">{t('whatsapp:noQr')}</p>
            <p dir="auto">{say(init.error)}</p>
          </Notice>
        )}
        {way === 'code' ? (
          <div className="flex flex-col items-center">
            <PairingCode />
          </div>
        ) : status.state === 'pairing' ? (
          <Notice tone="info" icon={Smartphone}>
            {t('whatsapp:state.pairing.next')}
          </Notice>
        ) : showing ? (
          <QrPanel status={status} />
        ) : (
          <div className="flex flex-col items-center gap-3 py-2">
            <Button
              size="large"
              busy={init.isPending || status.state === 'requesting'}
              onClick={() => init.mutate()}
              className="w-full max-w-sm"
            >
              {!init.isPending &&
                status.state !== 'requesting' &&
                (again ? <RotateCw aria-hidden /> : <QrCode aria-hidden />)}
              {t('whatsapp:createQr')}
            </Button>
            <p className="text-center text-sm text-muted">{t('whatsapp:createHint')}</p>
            {ENDED.includes(status.state) && <EndButton way="forget" />}
          </div>
        )}
      </div>
    </Section>
  );
}

function Linked() {
  const { t } = useTranslation();
  return (
    <Section title={t('whatsapp:linked.title')}>
      <div className="flex flex-wrap items-center gap-3">
        <p className="flex min-w-0 flex-1 basis-64 items-center gap-2 text-sm text-muted">
          <CircleCheck aria-hidden className="size-5 shrink-0 text-good" />
          {t('whatsapp:linked.hint')}
        </p>
        <EndButton way="unlink" />
      </div>
    </Section>
  );
}

/** Ends the link, or drops what is left of one that ended. Asks first. */
function EndButton({ way }: { way: 'unlink' | 'forget' }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const say = useRefusal();
  const end = useMutation({
    mutationFn: () => (way === 'unlink' ? unlink : forget)(() => toast.info(t('common:stillWorking'))),
    onSuccess: () => announce(t(`whatsapp:${way}.done`)),
    onError: (error) => toast.error(t(`whatsapp:${way}.failed`), { description: say(error) }),
  });
  return (
    <>
      <Button
        variant={way === 'unlink' ? 'quietDanger' : 'ghost'}
        size={way === 'unlink' ? 'normal' : 'small'}
        busy={end.isPending}
        onClick={() => setAsking(true)}
      >
        {way === 'unlink' ? <Unlink aria-hidden /> : <Eraser aria-hidden />}
        {t(`whatsapp:${way}.action`)}
      </Button>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          end.mutate();
        }}
        title={t(`whatsapp:${way}.title`)}
        description={t(`whatsapp:${way}.explain`)}
        confirm={t(`whatsapp:${way}.action`)}
        danger
      />
    </>
  );
}
