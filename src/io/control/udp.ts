import { createSocket, type SocketOptions } from 'node:dgram';
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { clientOrigin } from './clientOrigin.js';
import { type DatagramReceiver, RECEIVE_BUFFER_BYTES } from './datagram.js';
import type { Listener } from './listener.js';

/** Every answer goes to a numeric address: without this it would wait a turn of the event loop for Node to find that out. */
const lookUpNames: NonNullable<SocketOptions['lookup']> = (name, options, found) => {
  const family = isIP(name);
  if (family === 0) lookup(name, options, found);
  else found(null, name, family);
};

/**
 * Control over UDP on one address of this host, which is then the source of every answer. Rejects if it cannot be bound. Where the kernel
 * cannot be asked which address a client used, this serves all addresses too, and answers go out from the one that routing prefers.
 * `maxBytes`: what is longer is cut off.
 */
export function listenUdp(
  host: string,
  port: number,
  ipv6: boolean,
  receiver: DatagramReceiver,
  maxBytes: number,
): Promise<Listener> {
  const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES, lookup: lookUpNames });
  let local = '';
  let isClosed = false;
  socket.on('message', (datagram, { address, port }) => {
    const text = datagram.toString('latin1', 0, maxBytes);
    receiver.receive(text, { key: `${address}:${port}`, origin: clientOrigin(address, local) }, (answer) => {
      if (isClosed) return; // A command that was under way when we were told to end.
      socket.send(Buffer.from(answer, 'latin1'), port, address, () => {}); // The client asks again if it does not arrive.
    });
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.removeListener('error', reject);
      socket.on('error', () => {}); // An ICMP error concerns one client, not the socket.
      local = socket.address().address;
      const close = (): Promise<void> => {
        isClosed = true;
        return new Promise((done) => socket.close(() => done()));
      };
      resolve({ close });
    });
  });
}
