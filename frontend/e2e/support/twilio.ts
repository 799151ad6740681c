/** Calls as Twilio reports them: signed forms. */
import { createHmac, randomBytes } from 'node:crypto';
import { inject } from 'vitest';

const stack = inject('stack');
const id = (prefix: string) => prefix + randomBytes(16).toString('hex');

async function post(path: string, parameters: Record<string, string>): Promise<string> {
  const text = Object.keys(parameters)
    .sort()
    .reduce((all, key) => all + key + (parameters[key] ?? ''), stack.base + path);
  const answer = await fetch(stack.base + path, {
    method: 'POST',
    headers: { 'X-Twilio-Signature': createHmac('sha1', stack.twilio.token).update(text).digest('base64') },
    body: new URLSearchParams(parameters),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.text();
}

/** One call from beginning to end. */
export class Call {
  readonly sid = id('CA');
  private readonly base: Record<string, string>;

  constructor(from: string, to: string) {
    this.base = {
      CallSid: this.sid,
      AccountSid: stack.twilio.account,
      ApiVersion: '2010-04-01',
      Direction: 'inbound',
      From: from,
      Caller: from,
      To: to,
      Called: to,
    };
  }

  /** It rings; what Twilio is told to do. */
  ring(): Promise<string> {
    return post('/webhook/incoming_call', { ...this.base, CallStatus: 'ringing' });
  }

  /** Its status changes. */
  async status(status: string, sequence: number, more: Record<string, string> = {}): Promise<void> {
    await post('/webhook/call_status', {
      ...this.base,
      CallStatus: status,
      SequenceNumber: String(sequence),
      CallbackSource: 'call-progress-events',
      ...more,
    });
  }

  /** The caller left a message of some seconds. */
  async record(seconds: number): Promise<void> {
    const recording = id('RE');
    const url = `https://api.twilio.com/2010-04-01/Accounts/${stack.twilio.account}/Recordings/${recording}`;
    await post('/webhook/handle_recording', {
      ...this.base,
      CallStatus: 'in-progress',
      RecordingSid: recording,
      RecordingUrl: url,
      RecordingDuration: String(seconds),
      Digits: 'hangup',
    });
    await post('/webhook/handle_recording?source=status', {
      CallSid: this.sid,
      AccountSid: stack.twilio.account,
      RecordingSid: recording,
      RecordingUrl: url,
      RecordingDuration: String(seconds),
      RecordingStatus: 'completed',
      RecordingChannels: '1',
    });
  }

  /** It is over. */
  end(seconds: number): Promise<void> {
    return this.status('completed', 9, { CallDuration: String(seconds) });
  }
}

/** A caller who hangs up before anybody answers. */
export async function missedCall(from: string, to: string): Promise<Call> {
  const call = new Call(from, to);
  await call.ring();
  await call.status('no-answer', 5);
  return call;
}

/** A caller who leaves a message. */
export async function message(from: string, to: string, seconds = 4): Promise<Call> {
  const call = new Call(from, to);
  await call.ring();
  await call.status('in-progress', 1);
  await call.record(seconds);
  await call.end(seconds + 5);
  return call;
}
