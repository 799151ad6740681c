import type { Db } from '../db';
import { http, succeeded } from '../http';

export function whatsappHandlers(db: Db, publish: (kind: string) => void) {
  let qr: string | null = null;
  const set = (state: Db['whatsapp']['state'], more: Partial<Db['whatsapp']> = {}) => {
    db.whatsapp = {
      success: true,
      state,
      since: new Date().toISOString(),
      reason: null,
      code: null,
      until: null,
      qrExpiresAt: null,
      lastCode: null,
      phone: null,
      ...more,
    };
    publish('whatsapp');
  };
  return [
    http.get('/api/whatsapp/baileys/status', ({ response }) => response(200).json(db.whatsapp)),
    http.post('/api/whatsapp/baileys/init', ({ response }) => {
      const expiresAt = new Date(Date.now() + 60_000).toISOString();
      qr = 'https://wa.me/settings/linked_devices#2@mock-ref,bm9pc2U=,aWRlbnRpdHk=,YWR2,1';
      set('qr_ready', { qrExpiresAt: expiresAt });
      return response(200).json({ success: true, qr });
    }),
    http.get('/api/whatsapp/baileys/qr', ({ response }) =>
      response(200).json(
        qr
          ? { success: true, qr }
          : { success: false, error: 'There is no code now.', code: 'requesting', until: null },
      ),
    ),
    http.post('/api/whatsapp/baileys/pairing-code', ({ response }) =>
      response(200).json({
        success: true,
        code: 'K7QX2M4P',
        expiresAt: new Date(Date.now() + 160_000).toISOString(),
      }),
    ),
    http.post('/api/whatsapp/baileys/logout', ({ response }) => {
      set('unlinked', { code: 'unlinked' });
      return response(202).json(succeeded('whatsapp.logout', 'session'));
    }),
    http.delete('/api/whatsapp/baileys/session', ({ response }) => {
      set('not_linked');
      return response(202).json(succeeded('whatsapp.delete', 'session'));
    }),
  ];
}
