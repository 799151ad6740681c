import { useMutation, useQuery } from '@tanstack/react-query';
import { announce, toast } from '@/shared/ui/toast';
import { CircleCheck, Eraser, QrCode, RotateCw, Smartphone, Unlink } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
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
import { useRefusal, useWhy } from './refusal';
import { WhatsappBadge } from './state';

const PairingCode = deferred(async () => (await import('./pairing')).PairingCode);
const QrPanel = deferred(async () => (await import('./qr-panel')).QrPanel);

/** Linking WhatsApp: its state in words, the next step, and the QR. */
export function WhatsappPage() {
  const { t } = useTranslation();
  const query = useQuery(statusQuery());
  const mayLink = useCan('linkWhatsapp');
  useSayUnlinked(query.data);
  return (
    <Page title={t('whatsapp:title')} hint={t('linking:hint')} width="narrow">
      {query.data ? (
        <>
          <StatusCard status={query.data} />
          {mayLink ? (
            <Linking status={query.data} />
          ) : (
            query.data.state !== 'connected' && <Notice tone="info">{t('linking:askManager')}</Notice>
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

/** Says that it is unlinked when it is, however long ago somebody asked for it. */
function useSayUnlinked(status: WhatsappStatus | undefined) {
  const { t } = useTranslation();
  const last = useRef<WhatsappState>(undefined);
  const state = status?.state;
  const told = status?.code !== 'unlinked_here_only';
  useEffect(() => {
    const isNews = last.current !== undefined && last.current !== state;
    if (state === 'unlinked' && isNews && told) toast.success(t('linking:unlink.done'));
    last.current = state;
  }, [state, told, t]);
}

function StatusCard({ status }: { status: WhatsappStatus }) {
  const { t } = useTranslation();
  const why = useWhy();
  const reason = status.code === null || OBVIOUS.includes(status.code) ? '' : why(status.code);
  return (
    <Card className="flex flex-col gap-3 p-4 md:p-5">
      <div className="flex flex-wrap items-center justify-between gap-2" aria-live="polite">
        <WhatsappBadge state={status.state} />
        {status.since && (
          <span className="text-sm text-muted">
            {t('linking:since')} <When at={status.since} />
          </span>
        )}
      </div>
      <p>{t(`linking:next.${status.state}`)}</p>
      {status.state === 'connected' && status.phone && (
        <p className="text-sm text-muted">
          {t('linking:linkedNumber')} <Phone value={status.phone} className="font-medium text-ink" />
        </p>
      )}
      {reason !== '' && status.state !== 'connected' && (
        <p className="text-sm text-muted">
          {t('linking:reason')} {reason}
          {status.until && (
            <>
              {' '}
              {t('linking:until')} <When at={status.until} />
            </>
          )}
        </p>
      )}
    </Card>
  );
}

/** States in which the phone is linked, whether or not the line is up. */
const LINKED: readonly WhatsappState[] = ['connected', 'reconnecting'];

/** Reasons that the sentence of the state says already. */
const OBVIOUS: readonly string[] = ['device_removed', 'unlinked', 'qr_expired', 'replaced', 'unlink_asked'];

/** States that leave something of an earlier link behind. */
const ENDED: readonly WhatsappState[] = [
  'expired',
  'interrupted',
  'replaced',
  'unlinked',
  'logged_out',
  'stopped',
];

function Linking({ status }: { status: WhatsappStatus }) {
  if (status.state === 'unlinking') return <Unlinking />;
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
    <Section title={t('linking:link.title')} hint={t('linking:link.hint')}>
      <div className="flex flex-col gap-5">
        <fieldset>
          <legend className="mb-2 text-sm font-medium">{t('linking:provider')}</legend>
          <label className="flex min-h-14 cursor-pointer items-center gap-3 rounded-2xl border border-primary bg-tint/50 px-4 py-2">
            <input type="radio" name="provider" checked readOnly className="size-5 accent-primary" />
            <span className="grow">
              <span className="block font-medium">{t('linking:baileys.name')}</span>
              <span className="block text-sm text-muted">{t('linking:baileys.hint')}</span>
            </span>
            <Badge tone="primary">{t('linking:baileys.badge')}</Badge>
          </label>
        </fieldset>
        <Segmented
          label={t('linking:way')}
          value={way}
          options={[
            { value: 'qr', label: t('linking:byQr') },
            { value: 'code', label: t('linking:byCode') },
          ]}
          onChange={setWay}
        />
        {init.isError && way === 'qr' && (
          <Notice tone="bad">
            <p className="font-medium">{t('linking:noQr')}</p>
            <p>{say(init.error)}</p>
          </Notice>
        )}
        {way === 'code' ? (
          <div className="flex flex-col items-center">
            <PairingCode state={status.state} />
          </div>
        ) : status.state === 'pairing' ? (
          <Notice tone="info" icon={Smartphone}>
            {t('linking:next.pairing')}
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
              {t('linking:createQr')}
            </Button>
            <p className="text-center text-sm text-muted">{t('linking:createHint')}</p>
            {ENDED.includes(status.state) && (
              // One that stopped still has its place on the phone, which only unlinking gives back.
              <EndButton way={status.phone === null ? 'forget' : 'unlink'} />
            )}
          </div>
        )}
      </div>
    </Section>
  );
}

function Linked() {
  const { t } = useTranslation();
  return (
    <Section title={t('linking:linked.title')}>
      <div className="flex flex-wrap items-center gap-3">
        <p className="flex min-w-0 flex-1 basis-64 items-center gap-2 text-sm text-muted">
          <CircleCheck aria-hidden className="size-5 shrink-0 text-good" />
          {t('linking:linked.hint')}
        </p>
        <EndButton way="unlink" />
      </div>
    </Section>
  );
}

/** It goes on by itself: to wait is one choice, to keep the link or to forget it now the others. */
function Unlinking() {
  const { t } = useTranslation();
  const say = useRefusal();
  const keep = useMutation({ mutationFn: requestQr, onError: (error) => toast.error(say(error)) });
  return (
    <Section title={t('linking:unlinking.title')} hint={t('linking:unlinking.hint')}>
      <div className="flex flex-wrap items-center gap-3">
        <Button variant="ghost" busy={keep.isPending} onClick={() => keep.mutate()}>
          <RotateCw aria-hidden />
          {t('linking:unlinking.keep')}
        </Button>
        <EndButton way="forgetNow" />
      </div>
    </Section>
  );
}

/** Ends the link, or drops what is left of one that ended. Asks first. */
function EndButton({ way }: { way: 'unlink' | 'forget' | 'forgetNow' }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const say = useRefusal();
  const end = useMutation({
    mutationFn: () => (way === 'unlink' ? unlink : forget)(() => toast.info(t('common:stillWorking'))),
    // That somebody asked is not yet that it is unlinked.
    onSuccess: () => way !== 'unlink' && announce(t(`linking:${way}.done`)),
    onError: (error) => toast.error(t(`linking:${way}.failed`), { description: say(error) }),
  });
  return (
    <>
      <Button
        variant={way === 'forget' ? 'ghost' : 'quietDanger'}
        size={way === 'forget' ? 'small' : 'normal'}
        busy={end.isPending}
        onClick={() => setAsking(true)}
      >
        {way === 'unlink' ? <Unlink aria-hidden /> : <Eraser aria-hidden />}
        {t(`linking:${way}.action`)}
      </Button>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          end.mutate();
        }}
        title={t(`linking:${way}.title`)}
        description={t(`linking:${way}.explain`)}
        confirm={t(`linking:${way}.action`)}
        danger
      />
    </>
  );
}
