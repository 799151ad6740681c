/** The endpoints. Each knows its session by id; who may ask is the callers' business. */
import type { Manager } from '../session/manager.js';
import { CodeRefused } from '../session/pairing.js';
import type { SessionState } from '../session/state.js';
import { Problem } from './problem.js';

export type Answer =
  | { readonly status: number; readonly json?: unknown }
  | { readonly status: number; readonly text: string }
  | { readonly status: number; readonly problem: unknown };

export interface Routes {
  readonly manager: Manager;
  readonly health: () => unknown;
  readonly metrics: () => Promise<string>;
}

export interface Route {
  readonly name: string;
  /** Served without a signature. */
  readonly open: boolean;
  readonly handle: (body: unknown) => Promise<Answer>;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const E164 = /^\+[1-9][0-9]{6,14}$/;
const SESSION_PATH = /^\/sessions\/([^/]+)(?:\/([a-z-]+))?$/;

type Handler = (manager: Manager, id: string, body: unknown) => Promise<Answer>;

const SESSION_ROUTES: Readonly<Record<string, Handler>> = {
  'POST start': start,
  'GET qr': qr,
  'POST pairing-code': pairingCode,
  'GET status': async (manager, id) => ({ status: 200, json: render(id, await manager.status(id)) }),
  'POST logout': logout,
  DELETE: async (manager, id) => {
    await manager.remove(id);
    return { status: 204 };
  },
};

export function findRoute(routes: Routes, method: string, url: string): Route {
  const path = url.split('?', 1)[0] ?? '';
  if (method === 'GET' && path === '/health')
    return { name: path, open: true, handle: () => Promise.resolve({ status: 200, json: routes.health() }) };
  if (method === 'GET' && path === '/metrics')
    return { name: path, open: false, handle: async () => ({ status: 200, text: await routes.metrics() }) };
  const match = SESSION_PATH.exec(path);
  const [, id, action] = match ?? [];
  const handler = SESSION_ROUTES[action === undefined ? method : `${method} ${action}`];
  const name = `/sessions/{id}${action === undefined ? '' : `/${action}`}`;
  if (id === undefined || !UUID.test(id) || !handler)
    return { name: 'unknown', open: false, handle: () => Promise.reject(notFound()) };
  return { name, open: false, handle: (body) => handler(routes.manager, id, body) };
}

async function start(manager: Manager, id: string, body: unknown): Promise<Answer> {
  const session = await manager.open(id, businessOf(body));
  await session.dispatch({ type: 'start' });
  return { status: session.state.linked ? 200 : 202, json: render(id, session.state) };
}

async function qr(manager: Manager, id: string): Promise<Answer> {
  const shown = manager.get(id)?.qr;
  if (shown) return { status: 200, json: { qr: shown.text, expiresAt: iso(shown.expiresAt) } };
  throw new Problem(404, 'Not Found', 'There is no QR code now.', standing(await manager.status(id)));
}

async function pairingCode(manager: Manager, id: string, body: unknown): Promise<Answer> {
  const phone = field(body, 'phone');
  if (!phone || !E164.test(phone))
    throw new Problem(400, 'Bad Request', 'phone is not a number such as +972501234567.');
  const session = await manager.open(id, businessOf(body));
  if (session.state.linked)
    throw new Problem(409, 'Conflict', 'A phone is linked already.', { state: session.state.phase });
  await session.dispatch({ type: 'start' });
  const code = await session.pairingCode(phone).catch((error: unknown) => {
    throw error instanceof CodeRefused ? codeProblem(error, session.state) : error;
  });
  if (code) return { status: 200, json: { code: code.code, expiresAt: iso(code.expiresAt) } };
  const detail = session.state.reason ?? 'WhatsApp gave no pairing code; try again.';
  throw new Problem(503, 'Service Unavailable', detail, standing(session.state));
}

function codeProblem(refused: CodeRefused, state: SessionState): Problem {
  const { message, reasonCode, code } = refused;
  const extra = { state: state.phase, reason: message, reasonCode, code };
  if (reasonCode === 'pairing_phone_refused')
    return new Problem(422, 'Unprocessable Content', message, extra);
  if (reasonCode === 'pairing_too_often') return new Problem(429, 'Too Many Requests', message, extra);
  return new Problem(503, 'Service Unavailable', message, extra);
}

async function logout(manager: Manager, id: string): Promise<Answer> {
  const { linked, phase } = await manager.status(id);
  if (linked || manager.get(id)) {
    const session = await manager.open(id, id);
    await session.logout();
    return { status: session.state.phase === 'unlinking' ? 202 : 200, json: render(id, session.state) };
  }
  return { status: 200, json: { id, state: phase, linked: false } };
}

function render(id: string, state: SessionState): Record<string, unknown> {
  return {
    id,
    state: state.phase,
    since: iso(state.since),
    linked: state.linked,
    lastCode: state.lastCode,
    reason: state.reason,
    reasonCode: state.reasonCode,
    until: state.until === null ? null : iso(state.until),
    qrExpiresAt: state.qrExpiresAt === null ? null : iso(state.qrExpiresAt),
    attempt: state.attempt,
    nextRetryAt: state.nextRetryAt === null ? null : iso(state.nextRetryAt),
  };
}

/** What a problem tells of the session. */
function standing({ phase, reason, reasonCode, until }: SessionState): Record<string, unknown> {
  return { state: phase, reason, reasonCode, until: until === null ? null : iso(until) };
}

function businessOf(body: unknown): string {
  const business = field(body, 'business_id');
  if (!business || !UUID.test(business)) throw new Problem(400, 'Bad Request', 'business_id is not a UUID.');
  return business;
}

function field(body: unknown, name: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === 'string' ? value : undefined;
}

function notFound(): Problem {
  return new Problem(404, 'Not Found', 'There is nothing at this address.');
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
