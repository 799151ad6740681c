/** The library's values as bytes, and back. */
import { BufferJSON, proto } from 'baileys';

export function render(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value, BufferJSON.replacer));
}

export function parse(bytes: Buffer): unknown {
  return JSON.parse(bytes.toString(), BufferJSON.reviver) as unknown;
}

/** This one type is a message class, which the library calls methods of. */
export function revive(type: string, value: unknown): unknown {
  if (type !== 'app-state-sync-key') return value;
  return proto.Message.AppStateSyncKeyData.fromObject(value as Record<string, unknown>);
}
