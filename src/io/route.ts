/** How to ask the kernel by which local address it would send to a host; where that cannot be asked, there is no way to any. */
export async function loadRouteTo(): Promise<(host: string) => string | null> {
  try {
    return (await import('./sys/route.js')).routeTo;
  } catch {
    return () => null;
  }
}
