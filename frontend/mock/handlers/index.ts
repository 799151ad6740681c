import type { Db } from '../db';
import { authHandlers } from './auth';
import { businessHandlers } from './businesses';
import { callHandlers } from './calls';
import { leadHandlers } from './leads';
import { operatorHandlers } from './operators';
import { peopleHandlers } from './people';
import { whatsappHandlers } from './whatsapp';

/** Every answer of the pretended server. `publish` announces a change on the live stream. */
export function handlers(db: Db, publish: (kind: string) => void = () => undefined) {
  return [
    ...authHandlers(db),
    ...leadHandlers(db),
    ...callHandlers(db),
    ...peopleHandlers(db),
    ...businessHandlers(db),
    ...whatsappHandlers(db, publish),
    ...operatorHandlers(db),
  ];
}
