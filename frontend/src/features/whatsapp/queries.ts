import { queryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { keyOf } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';

/** Where a WhatsApp session stands. */
export type WhatsappStatus = Schemas['StatusAnswer'];
/** Its states. */
export type WhatsappState = WhatsappStatus['state'];
/** What init and qr answer. */
export type WhatsappQr = Schemas['LinkAnswer'];

/** States that move on by themselves within seconds: asked for again should the live stream be down. */
export const MOVING: readonly WhatsappState[] = ['requesting', 'qr_ready', 'pairing', 'reconnecting'];

/** The session's state. */
export const statusQuery = () =>
  queryOptions({
    queryKey: keyOf('/api/whatsapp/baileys/status'),
    queryFn: ({ signal }) => unwrap(client.GET('/api/whatsapp/baileys/status', { signal })),
    refetchInterval: ({ state }) => (state.data && MOVING.includes(state.data.state) ? 3000 : false),
  });

/** The QR of the moment. */
export const qrQuery = () =>
  queryOptions({
    queryKey: keyOf('/api/whatsapp/baileys/qr'),
    queryFn: ({ signal }) => unwrap(client.GET('/api/whatsapp/baileys/qr', { signal })),
    staleTime: 0,
    gcTime: 0,
  });
