/** A pairing code, which is one only when WhatsApp took the request: the library does not wait for that. */
import type { BinaryNode, WASocket } from 'baileys';
import { type ReasonCode, because } from './reasons.js';

/** Together less than the 20 s that callers wait for a code. */
export const FIRST_QR_WAIT_MS = 12_000;
export const CODE_WAIT_MS = 6_000;

export type CodeRefusal = Extract<
  ReasonCode,
  | 'pairing_phone_refused'
  | 'pairing_too_often'
  | 'pairing_refused'
  | 'pairing_unanswered'
  | 'pairing_withdrawn'
>;

export class CodeRefused extends Error {
  override name = 'CodeRefused';
  constructor(
    readonly reasonCode: CodeRefusal,
    /** What WhatsApp answered. */
    readonly code: number | null = null,
  ) {
    super(because(reasonCode, { code: reasonCode === 'pairing_refused' ? code : null }).reason);
  }
}

export type PairingSocket = Pick<WASocket, 'ws' | 'requestPairingCode'>;

const TAKEN = 'CB:iq,type:result,link_code_companion_reg';
/** Of a device that is not linked nothing else can be refused: it only pings. */
const REFUSED = 'CB:iq,type:error';

/** Gives the code when WhatsApp took it. Throws `CodeRefused`. `ended` is the connection's end. */
export async function askPairingCode(
  sock: PairingSocket,
  phone: string,
  timeoutMs: number,
  ended: AbortSignal,
): Promise<string> {
  const { ws } = sock;
  const cleanup: (() => void)[] = [];
  const answered = new Promise<void>((resolve, reject) => {
    const taken = () => resolve();
    const refused = (node: BinaryNode) => reject(refusal(node));
    const withdrawn = () => reject(new CodeRefused('pairing_withdrawn'));
    const late = setTimeout(() => reject(new CodeRefused('pairing_unanswered')), timeoutMs);
    ws.on(TAKEN, taken);
    ws.on(REFUSED, refused);
    ended.addEventListener('abort', withdrawn);
    if (ended.aborted) withdrawn();
    cleanup.push(
      () => ws.off(TAKEN, taken),
      () => ws.off(REFUSED, refused),
      () => ended.removeEventListener('abort', withdrawn),
      () => clearTimeout(late),
    );
  });
  try {
    const sent = sock.requestPairingCode(phone).catch(() => {
      throw new CodeRefused('pairing_withdrawn');
    });
    const [code] = await Promise.all([sent, answered]);
    return code;
  } finally {
    for (const clean of cleanup) clean();
  }
}

function refusal(node: BinaryNode): CodeRefused {
  const error = Array.isArray(node.content) ? node.content.find(({ tag }) => tag === 'error') : undefined;
  const code = Number(error?.attrs['code'] ?? NaN);
  if (code === 400) return new CodeRefused('pairing_phone_refused', code);
  if (code === 429) return new CodeRefused('pairing_too_often', code);
  return new CodeRefused('pairing_refused', Number.isInteger(code) ? code : null);
}
