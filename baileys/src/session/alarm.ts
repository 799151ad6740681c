/** A timer of a session. */

export class Alarm {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    /** Puts work behind what the session still does. */
    private readonly enqueue: (work: () => Promise<void>) => Promise<void>,
    private readonly ring: () => Promise<void>,
  ) {}

  /** Rings once, in place of what was set before; not when it was cleared while its turn in the queue came. */
  set(ms: number): void {
    this.clear();
    const due = () => this.enqueue(async () => (timer === this.#timer ? this.ring() : undefined));
    const timer = setTimeout(() => void due(), ms);
    this.#timer = timer;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
