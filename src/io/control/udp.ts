import { createSocket, type RemoteInfo } from 'node:dgram';
import { ERROR_CODES as E } from '../../protocol/rtpproxy/errors.js';
import { MAX_COMMAND_BYTES } from '../../protocol/rtpproxy/tokens.js';
import { PENDING, ReplyCache } from '../../relay/control/replyCache.js';
import { clock } from '../clock.js';
import type { CommandHandler, Listener } from './listener.js';

/** As rtpproxy sets it: a client that floods loses its own commands, not our memory. */
const RECEIVE_BUFFER_BYTES = 256 << 10;

/**
 * Control over UDP: a datagram is `cookie command`, the answer `cookie reply`. Retransmissions are answered from a cache, and while the
 * first is still being carried out, not at all. Rejects if the address cannot be bound.
 */
export function listenUdp(host: string, port: number, ipv6: boolean, handle: CommandHandler): Promise<Listener> {
  const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
  const cache = new ReplyCache();
  let isClosed = false;
  socket.on('message', (datagram, from) => {
    const text = datagram.toString('latin1', 0, MAX_COMMAND_BYTES);
    answerDatagram(text, from, cache, handle, (reply) => {
      if (isClosed) return; // A command that was under way when we were told to end.
      socket.send(Buffer.from(reply, 'latin1'), from.port, from.address, () => {}); // The client asks again if it does not arrive.
    });
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.removeListener('error', reject);
      socket.on('error', () => {}); // An ICMP error concerns one client, not the socket.
      const close = (): Promise<void> => {
        isClosed = true;
        return new Promise((done) => socket.close(() => done()));
      };
      resolve({ close });
    });
  });
}

function answerDatagram(
  text: string,
  from: RemoteInfo,
  cache: ReplyCache,
  handle: CommandHandler,
  send: (reply: string) => void,
): void {
  const [, cookie, command = ''] = /^[ \t\r\n]*([^ \t\r\n]+)[ \t\r\n]*([\s\S]*)$/.exec(text) ?? [];
  if (cookie === undefined) {
    send(`${E.unreadable}\n`);
    return;
  }
  const key = `${from.address} ${from.port} ${text}`;
  const known = cache.take(key, clock());
  if (known === undefined) {
    handle(command, (reply) => {
      const answer = `${cookie} ${reply}\n`;
      cache.keep(key, answer);
      send(answer);
    });
  } else if (known !== PENDING) send(known);
}
