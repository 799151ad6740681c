/**
 * Who this process is, so that the next one in its place knows which leases are a dead one's. Of processes that listen
 * at one address of one machine only one can live: whoever could bind it follows those that held leases under it.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Config } from '../config.js';

export interface Instance {
  /** This process, unique to its start. */
  readonly holder: string;
  /** The place, the same at each start. */
  readonly place: string;
}

export function thisInstance({ host, port }: Config['listen']): Instance {
  // A port that the system chooses is nobody's place. After the machine's own restart every lease is over anyway.
  const place = port === 0 ? randomUUID() : `${hostname()} ${bootOf()} ${host} ${port}`;
  const short = createHash('sha256').update(place).digest('hex').slice(0, 32);
  return { holder: `${hostname()}/${process.pid}/${short}/${randomUUID()}`, place: short };
}

/** Of the machine, also in a container; two machines of one name differ in it. */
function bootOf(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Without it nobody knows whether a machine of the same name is this one.
    return randomUUID();
  }
}
