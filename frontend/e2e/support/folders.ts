/** Folders that belong to one run of the tests: named by its process, removed with it. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a run that has this name may still be going on. */
function isAlive(name: string): boolean {
  if (!/^\d+$/.test(name)) return false;
  try {
    process.kill(Number(name), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Makes this run's own folder in another one, and removes what runs left that are over. */
export function ownFolder(parent: string): string {
  mkdirSync(parent, { recursive: true });
  const own = String(process.pid);
  for (const name of readdirSync(parent)) {
    if (name === own || !isAlive(name)) rmSync(join(parent, name), { recursive: true, force: true });
  }
  mkdirSync(join(parent, own));
  return join(parent, own);
}
