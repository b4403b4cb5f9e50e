/** Noise on every kind of socket that takes requests of the NG protocol. */
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import type { UdpControl } from '../rig/control.js';
import { latin1 } from './commands.js';
import { payloads } from './ngRequests.js';

const HOST = '127.0.0.1';
const LONGEST_DATAGRAM = 60_000;
const STAYS_MS = 50;

/** `cut`: where what is sent by a connection is parted. `stays`: somebody waits for the answer. */
export type Noise = { readonly way: Way; readonly text: string; readonly cut: number; readonly stays: boolean };
const WAYS = ['udp', 'tcp', 'http', 'httpPlain', 'httpRaw', 'ws', 'wsRaw'] as const;
type Way = (typeof WAYS)[number];

const text = fc.oneof(
  { weight: 5, arbitrary: payloads },
  fc.uint8Array({ maxLength: 200 }).map(latin1),
  fc.uint8Array({ minLength: 1000, maxLength: 9000, size: 'max' }).map(latin1),
);
const cookied = fc
  .tuple(fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, fc.constantFrom('', ' ', 'c'.repeat(3000), '\0', 'a\nb')), text)
  .map(([cookie, payload]) => [cookie, payload] as const);

let cookies = 0;

export const noises: fc.Arbitrary<Noise[]> = fc.array(
  fc
    .tuple(fc.constantFrom(...WAYS), cookied, fc.nat({ max: 400 }), fc.boolean())
    .map(([way, [cookie, payload], cut, stays]) => ({ way, text: `${cookie ?? `n${cookies++}`} ${payload}`, cut, stays })),
  { minLength: 1, maxLength: 24 },
);

const head = (path: string, type: string, length: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
const UPGRADE = [
  'GET / HTTP/1.1',
  ...['Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
  ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Protocol: ng.rtpengine.com', '', ''],
].join('\r\n');

/** A binary message of a client, masked with zeros (RFC 6455 §5.2). */
function frame(message: string): string {
  const { length } = message;
  const size = length < 126 ? [0x80 | length] : length < 65_536 ? [0xfe, length >> 8, length & 255] : null;
  const bytes = size ?? [0xff, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >>> shift) & 255)];
  return `${String.fromCharCode(0x82, ...bytes)}\0\0\0\0${message}`;
}

function streamOf({ way, text: said }: Noise): string {
  const plain = said.slice(said.indexOf(' ') + 1);
  switch (way) {
    case 'http':
      return head('/ng', 'application/x-rtpengine-ng', said.length) + said;
    case 'httpPlain':
      return head('/ng-plain', 'application/json', plain.length) + plain;
    case 'ws':
      return UPGRADE + frame(said);
    case 'wsRaw':
      return UPGRADE + plain;
    default:
      return said;
  }
}

export type NgPlaces = { readonly udp: UdpControl; readonly tcp: number; readonly http: number };

/** Settles when the connections of the noise are gone. */
export async function makeNoise(list: readonly Noise[], places: NgPlaces): Promise<void> {
  await Promise.all(
    list.map((noise) => {
      if (noise.way === 'udp') return void places.udp.send(noise.text.slice(0, LONGEST_DATAGRAM));
      return speak(connect({ host: HOST, port: noise.way === 'tcp' ? places.tcp : places.http }), noise);
    }),
  );
}

function speak(socket: Socket, noise: Noise): Promise<void> {
  const said = streamOf(noise);
  return new Promise((resolve) => {
    socket.on('close', () => resolve()).on('error', () => socket.destroy());
    socket.resume();
    socket.write(said.slice(0, noise.cut), 'latin1', () => {
      if (noise.stays) socket.write(said.slice(noise.cut), 'latin1', () => setTimeout(() => socket.destroy(), STAYS_MS));
      else socket.destroy();
    });
  });
}
