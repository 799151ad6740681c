import { useQuery } from '@tanstack/react-query';
import { QRCodeSVG } from 'qrcode.react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { formatDuration } from '@/shared/lib/format';
import { useNow } from '@/shared/lib/hooks';
import { Notice } from '@/shared/ui/states';
import { Spinner } from '@/shared/ui/spinner';
import { Ltr } from '@/shared/ui/text';

import { WhatsappRefusal } from './api';
import { qrQuery, type WhatsappStatus } from './queries';
import { useWhy } from './refusal';

/** The QR, dark on white with its quiet zone in either theme, and how long it still works. */
export function QrPanel({ status }: { status: WhatsappStatus }) {
  const { t } = useTranslation();
  const query = useQuery(qrQuery());
  const { refetch } = query;
  const now = useNow(500);
  const expires = status.qrExpiresAt;
  const left = expires === null ? null : Math.ceil((Date.parse(expires) - now) / 1000);
  const spent = left !== null && left <= 0;

  // The next QR follows when one runs out; the live update may come before or after.
  useEffect(() => {
    void refetch();
  }, [refetch, status.qrExpiresAt, spent]);

  const why = useWhy();
  const refusal = query.data && 'error' in query.data ? query.data.code : null;
  useEffect(() => {
    if (refusal !== null) console.warn('WhatsApp: qr was refused', query.data);
  }, [refusal, query.data]);

  const qr = query.data && 'qr' in query.data ? query.data.qr : null;
  // The whole code has to be in sight to be scanned: on a phone it begins below the fold.
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    frame.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div className="flex flex-col items-center gap-4">
      <div
        ref={frame}
        className="grid size-72 scroll-mt-20 scroll-mb-32 max-w-full place-items-center rounded-3xl border bg-white p-3"
      >
        {qr && !spent ? (
          <QRCodeSVG
            value={qr}
            size={264}
            marginSize={4}
            level="L"
            bgColor="#ffffff"
            fgColor="#000000"
            title={t('linking:qrTitle')}
            role="img"
            className="h-auto w-full"
          />
        ) : (
          <span role="status" className="flex flex-col items-center gap-3 text-sm text-slate-600">
            <Spinner className="size-8!" />
            {t(spent ? 'linking:nextQr' : 'linking:loadingQr')}
          </span>
        )}
      </div>
      {left !== null && !spent && (
        <p className="text-sm text-muted">
          {t('linking:expiresIn')} <Ltr className="font-semibold text-ink">{formatDuration(left)}</Ltr>
        </p>
      )}
      {refusal !== null && <Notice tone="warn">{why(refusal) || t('linking:failed')}</Notice>}
      {query.isError && !(query.error instanceof WhatsappRefusal) && (
        <Notice tone="bad">{sentence(query.error, t)}</Notice>
      )}
      <ol className="flex list-decimal flex-col gap-1.5 ps-5 text-sm text-muted">
        <li>{t('linking:steps.open')}</li>
        <li>{t('linking:steps.devices')}</li>
        <li>{t('linking:steps.scan')}</li>
      </ol>
    </div>
  );
}
