/** How one thread wakes another that waits in the kernel. */
export type Waker = { readonly fd: number; readonly wake: () => void };

/**
 * An eventfd; where there are no system calls, nothing: there no thread waits in the kernel (node:dgram). Rejects when no descriptor is
 * left, because an engine that cannot be woken would not notice.
 */
export async function openWaker(): Promise<Waker> {
  try {
    const { openEventfd, signalEventfd } = await import('../sys/eventfd.js');
    const fd = openEventfd();
    return { fd, wake: () => signalEventfd(fd) };
  } catch (error) {
    if (/\b(EMFILE|ENFILE)\b/.test((error as Error).message)) throw error;
    return { fd: -1, wake: () => {} };
  }
}

/** How a thread wakes others, whose eventfds it is told: nothing where there are none. */
export async function loadWake(): Promise<(fd: number) => void> {
  try {
    const { signalEventfd } = await import('../sys/eventfd.js');
    return (fd) => {
      if (fd >= 0) signalEventfd(fd);
    };
  } catch {
    return () => {}; // No system calls: the event loops of the threads deliver.
  }
}
