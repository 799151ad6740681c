/**
 * Chats that are nobody's business here: groups, status broadcasts, newsletters. The library drops
 * what comes from them with an acknowledgement, before it opens, stores or asks for anything. A
 * broadcast list is a person who writes, and is not among them.
 */
import { isJidGroup, isJidNewsletter, isJidStatusBroadcast } from 'baileys';
import type { BinaryNode, WASocket } from 'baileys';

export function isIgnored(jid: string): boolean {
  return Boolean(isJidGroup(jid)) || isJidStatusBroadcast(jid) || Boolean(isJidNewsletter(jid));
}

/** What WhatsApp calls out of step, when it is the list of all groups or communities. */
const LISTS: readonly string[] = ['groups', 'communities'];

/** At the word that they are out of step the library would fetch every group with its members. */
export function ignoreGroupLists(sock: Pick<WASocket, 'ws' | 'cleanDirtyBits'>): void {
  const { ws } = sock;
  const emit = ws.emit.bind(ws);
  ws.emit = (event: string | symbol, ...args: unknown[]) => {
    if (event !== 'CB:ib,,dirty' || !isGroupList(args[0] as BinaryNode)) return emit(event, ...args);
    // In step as far as this device is concerned, so that it is not told again at each login.
    sock.cleanDirtyBits('groups').catch(() => undefined);
    return true;
  };
}

function isGroupList({ content }: BinaryNode): boolean {
  const dirty = Array.isArray(content) ? content.find(({ tag }) => tag === 'dirty') : undefined;
  return LISTS.includes(dirty?.attrs['type'] ?? '');
}
