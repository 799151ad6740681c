/** What tests set up behind the browser's back, through the same API. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';

import type { Schemas } from '@/shared/api/types';

import { PATIENCE_MS } from './patience';

const stack = inject('stack');

/** The password of everybody whom tests make. */
export const PASSWORD = 'bicycle-in-the-rain';

/** Waits until something is there. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`${what} did not come within ${PATIENCE_MS / 1000} s`);
    await sleep(100);
  }
}

/**
 * The link of the last mail of that kind, which the ingress logs in development. Whoever has one
 * sent waits for it: it could be taken for the next one otherwise.
 */
export function mailedLink(kind: 'invitation' | 'password_reset', after = 0): Promise<string> {
  const page = kind === 'invitation' ? 'invitation' : 'reset-password';
  return eventually(`a mail with a link to ${page}`, () => {
    const lines = readFileSync(stack.log, 'utf8').slice(after);
    return [...lines.matchAll(new RegExp(`${stack.base}/${page}#[\\w-]+`, 'g'))].at(-1)?.[0];
  });
}

/** How long the log is now: what comes behind it is new. */
export const logLength = () => readFileSync(stack.log, 'utf8').length;

/** Somebody who is logged in, without a browser. */
export class Person {
  constructor(
    readonly email: string,
    readonly password: string,
    readonly cookie: string,
  ) {}

  /** Logs in, on a device of the name given. */
  static async login(email: string, password: string, device = 'node'): Promise<Person> {
    const answer = await fetch(`${stack.base}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: stack.base, 'user-agent': device },
      body: JSON.stringify({ email, password }),
    });
    if (!answer.ok) throw new Error(`login of ${email}: ${answer.status} ${await answer.text()}`);
    return new Person(email, password, answer.headers.getSetCookie()[0]?.split(';')[0] ?? '');
  }

  /** Asks, and waits for the outcome of a command; one that failed throws as one that was refused. */
  async ask<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<T> {
    const answer = await this.send<T | Partial<Schemas['OperationAnswer']>>(method, path, body, headers);
    const pending =
      method !== 'GET' && typeof answer === 'object' && answer !== null && 'operation' in answer
        ? answer.operation
        : undefined;
    if (pending?.state !== 'pending') return answer as T;
    const followed = await eventually(`the outcome of ${method} ${path}`, async () => {
      const now = await this.send<Schemas['OperationAnswer']>(
        'GET',
        `/api/operations/${encodeURIComponent(pending.id)}`,
      );
      return now.operation.state === 'pending' ? undefined : now;
    });
    const { state, problem } = followed.operation;
    if (state !== 'succeeded')
      throw new Error(`${method} ${path}: ${problem?.status ?? state} ${JSON.stringify(problem)}`);
    return followed as T;
  }

  /** Asks, and takes "not yet" for an answer. */
  async send<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const answer = await fetch(stack.base + path, {
      method,
      headers: {
        cookie: this.cookie,
        origin: stack.base,
        prefer: 'wait=8',
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}

/** A business of a test's own, with somebody in each role. */
export interface Business {
  id: string;
  name: string;
  /** Its number, E.164. */
  number: string;
  owner: Person;
  manager: Person;
  agent: Person;
}

let admin: Promise<Person> | undefined;
/** The system's first admin. */
export const theAdmin = () => (admin ??= Person.login(stack.admin.email, stack.admin.password));

let made = 0;
const run = Date.now().toString().slice(-7);
/** A number that no other test uses, in the block 072-2 of Israel. */
export const newNumber = () => `+97272${run.slice(-4)}${String((made += 1)).padStart(3, '0')}`;

/** Invites somebody and joins in their name. */
export async function join(businessId: string, name: string, role: Schemas['Role']): Promise<Person> {
  const email = `${role}-${(made += 1)}-${run}@example.com`;
  const from = logLength();
  await (await theAdmin()).ask('POST', `/api/businesses/${businessId}/invitations`, { email, role, name });
  const token = (await mailedLink('invitation', from)).split('#')[1];
  const nobody = new Person(email, PASSWORD, '');
  await nobody.ask('POST', '/api/auth/invitations/accept', { token, name, password: PASSWORD });
  return eventually(`${email} may log in`, () => Person.login(email, PASSWORD).catch(() => undefined));
}

/** Makes a business. */
export async function business(name: string): Promise<Business> {
  const own = newNumber();
  await (await theAdmin()).ask('POST', '/api/admin/businesses', { name, numbers: [own] });
  const found = await eventually(`the business ${name}`, async () => {
    const { items } = await (
      await theAdmin()
    ).ask<{ items: { id: string; name: string; numbers: string[] }[] }>(
      'GET',
      `/api/admin/businesses?q=${encodeURIComponent(name)}`,
    );
    return items.find((item) => item.numbers.includes(own));
  });
  const owner = await join(found.id, 'דנה לוי', 'owner');
  const manager = await join(found.id, 'אבי כהן', 'manager');
  const agent = await join(found.id, 'נועה מזרחי', 'agent');
  return { id: found.id, name, number: own, owner, manager, agent };
}

/** Adds a lead; its id. */
export async function lead(who: Person, name: string, phone: string): Promise<string> {
  await who.ask('POST', '/api/leads', { name, phones: [phone] });
  return eventually(`the lead ${name}`, async () => {
    const { items } = await who.ask<{ items: Schemas['LeadItem'][] }>(
      'GET',
      `/api/leads?q=${encodeURIComponent(name)}`,
    );
    return items.find((item) => item.name === name)?.id;
  });
}

/** Adds many leads, some at a time. */
export async function leads(
  who: Person,
  names: readonly string[],
  phone: (index: number) => string,
): Promise<void> {
  const waiting = names.map((name, index) => ({ name, phones: [phone(index)] }));
  const worker = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) await who.ask('POST', '/api/leads', next);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
}
