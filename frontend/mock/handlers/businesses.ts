import { BUSINESS } from '../base';
import type { Db } from '../db';
import { http, problem, succeeded } from '../http';

export function businessHandlers(db: Db) {
  return [
    http.get('/api/businesses/{business_id}/settings', ({ response }) => response(200).json(db.settings)),
    http.put('/api/businesses/{business_id}/settings', async ({ request, response }) => {
      const body = await request.json();
      if (request.headers.get('if-match') !== `"${db.settings.revision}"`)
        return problem(412, 'changed-meanwhile', 'Somebody changed the settings meanwhile.');
      if (body.settings.mode === 'forward' && (body.settings.forward_to ?? []).length === 0) {
        return problem(422, 'validation', 'Some fields are wrong.', [
          { field: 'forward_to', code: 'nobody_to_forward_to', error: 'נא להזין לפחות מספר אחד להעברה.' },
        ]);
      }
      db.settings = {
        ...db.settings,
        name: body.name ?? db.settings.name,
        settings: body.settings,
        revision: db.settings.revision + 1,
      };
      return response(200).json(succeeded('business.configure', BUSINESS));
    }),
    http.post('/api/businesses/{business_id}/settings/preview', async ({ request, response }) => {
      const { settings } = await request.json();
      const say = (text: string) => ({
        verb: 'say' as const,
        text,
        voice: 'Google.he-IL-Wavenet-A',
        language: 'he-IL',
      });
      const greeting = say(settings.greeting ?? 'שלום, הגעתם לגינות השרון.');
      const message = { verb: 'record' as const, max_length_s: settings.max_message_s ?? 300 };
      return response(200).json({
        now: settings.mode === 'forward' ? 'forward' : 'record',
        open:
          settings.mode === 'forward'
            ? [
                greeting,
                {
                  verb: 'dial',
                  numbers: settings.forward_to ?? [],
                  timeout_s: settings.forward_timeout_s ?? 20,
                  recorded: true,
                },
              ]
            : [greeting, message],
        closed: [
          say(settings.closed_message ?? 'העסק סגור כעת.'),
          ...(settings.closed_action === 'hang_up' ? [{ verb: 'hang_up' as const }] : [message]),
        ],
        nobody_answered: [say('אנא השאירו הודעה אחרי הצליל.'), message],
        after_recording: [say('תודה, נחזור אליכם.'), { verb: 'hang_up' }],
        question: settings.mode === 'forward' ? 'שיחה אל העסק, ממספר 0 5 4. לקבלת השיחה, הקישו 1.' : null,
      });
    }),
    http.get('/api/admin/businesses', ({ query, response }) => {
      const q = query.get('q');
      return response(200).json({
        items: db.businesses.filter((business) => !q || business.name.includes(q)),
        next_cursor: null,
      });
    }),
    http.post('/api/admin/businesses', async ({ request, response }) => {
      const body = await request.json();
      const id = crypto.randomUUID();
      db.businesses = [
        {
          id,
          active: true,
          created_at: new Date().toISOString(),
          name: body.name,
          time_zone: body.time_zone ?? 'Asia/Jerusalem',
          numbers: body.numbers ?? [],
        },
        ...db.businesses,
      ];
      return response(200).json(succeeded('business.create', id));
    }),
    http.post('/api/admin/businesses/{business_id}/deactivate', ({ params, response }) => {
      db.businesses = db.businesses.map((business) =>
        business.id === params.business_id ? { ...business, active: false } : business,
      );
      return response(200).json(succeeded('business.set_active', params.business_id));
    }),
    http.post('/api/admin/businesses/{business_id}/activate', ({ params, response }) => {
      db.businesses = db.businesses.map((business) =>
        business.id === params.business_id ? { ...business, active: true } : business,
      );
      return response(200).json(succeeded('business.set_active', params.business_id));
    }),
    http.put('/api/admin/businesses/{business_id}/numbers', async ({ params, request, response }) => {
      const { numbers } = await request.json();
      db.businesses = db.businesses.map((business) =>
        business.id === params.business_id ? { ...business, numbers } : business,
      );
      return response(200).json(succeeded('business.set_numbers', params.business_id));
    }),
    http.get('/api/businesses/{business_id}/audit', ({ query, response }) =>
      response(200).json({
        items: db.audit.filter((record) => !query.get('action') || record.action === query.get('action')),
        next_cursor: null,
      }),
    ),
    http.get('/api/admin/audit', ({ query, response }) =>
      response(200).json({
        items: db.audit.filter((record) => !query.get('action') || record.action === query.get('action')),
        next_cursor: null,
      }),
    ),
  ];
}
