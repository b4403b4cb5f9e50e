/**
 * Tells the service manager how we are, where there is one that wants to know: sd_notify(3). Nothing happens otherwise, or where it
 * cannot be told.
 */
export async function notifyReadiness(state: 'READY=1' | 'STOPPING=1'): Promise<void> {
  const { NOTIFY_SOCKET } = process.env;
  if (NOTIFY_SOCKET === undefined || !/^[/@]/.test(NOTIFY_SOCKET)) return;
  try {
    const { sendUnixDatagram } = await import('../sys/unixDatagram.js');
    sendUnixDatagram(NOTIFY_SOCKET, Buffer.from(`${state}\nMAINPID=${process.pid}\n`));
  } catch {
    // A system without system calls of ours has no such manager either.
  }
}
