import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { NgDictionary, NgEncoding } from '../../src/protocol/ng/value.js';
import { shortCodec } from './ngCodec.js';

const LIMIT_MS = 5_000;
let asked = 0;

/** Asks a relay one thing over UDP. @throws when nothing readable is answered in five seconds */
export async function askNg(
  port: number,
  request: NgDictionary,
  { host = '127.0.0.1', encoding = 'bencode' }: { readonly host?: string; readonly encoding?: NgEncoding } = {},
): Promise<NgDictionary> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.connect(port, host);
    await once(socket, 'connect');
    const cookie = `${process.pid}_${++asked}`;
    socket.send(Buffer.from(`${cookie} ${shortCodec.encode(request, encoding)}`, 'latin1'));
    const [bytes] = (await once(socket, 'message', { signal: AbortSignal.timeout(LIMIT_MS) })) as [Buffer];
    const answer = bytes.toString('latin1');
    const read = answer.startsWith(`${cookie} `) ? shortCodec.decode(answer.slice(cookie.length + 1)) : null;
    if (read === null) throw new Error(`answer to ${String(request['command'])}: ${answer}`);
    return read;
  } finally {
    socket.close();
  }
}
