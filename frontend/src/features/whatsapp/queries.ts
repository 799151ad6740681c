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

/** The states that move on by themselves within seconds. */
const MOVING = /(ing|_ready)$/;

/**
 * Asked for again while it moves, should the live stream be down, and while it is connected: a service that died tells
 * nobody, and is to be seen within 15 s.
 */
const askAgain = (state = '') => (state === 'connected' ? 10_000 : MOVING.test(state) && 3000);

/** The session's state. */
export const statusQuery = () =>
  queryOptions({
    queryKey: keyOf('/api/whatsapp/baileys/status'),
    queryFn: ({ signal }) => unwrap(client.GET('/api/whatsapp/baileys/status', { signal })),
    refetchInterval: ({ state }) => askAgain(state.data?.state),
  });

/** The QR of the moment. */
export const qrQuery = () =>
  queryOptions({
    queryKey: keyOf('/api/whatsapp/baileys/qr'),
    queryFn: ({ signal }) => unwrap(client.GET('/api/whatsapp/baileys/qr', { signal })),
    staleTime: 0,
    gcTime: 0,
  });
