/** Waits until `done()` holds, looked at after each event, for at most `timeoutMs`. */
export async function until(
  watchers: Set<() => void>,
  done: () => boolean,
  timeoutMs: number,
): Promise<boolean> {
  if (done()) return true;
  return new Promise((resolve) => {
    const finish = (result: boolean) => {
      clearTimeout(timer);
      watchers.delete(look);
      resolve(result);
    };
    const look = () => {
      if (done()) finish(true);
    };
    const timer = setTimeout(finish, timeoutMs, false);
    watchers.add(look);
  });
}
