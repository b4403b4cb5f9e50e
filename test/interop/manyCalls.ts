import { equal } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exchange } from './exchange.js';
import type { Headers } from './scenario.js';
import { ASSETS, type AudioPlace, receivedAudio, type Sipp, sippListens, sippSucceeds, startSipp } from './scene.js';

/** How much each caller says, and is echoed by the callee. */
export const SAID_PACKETS = 50;
const PACKET_BYTES = 160;
/** The whole of a call's audio, and its way back. */
const CALL_MS = 1_400;

export type ManyCalls = {
  /** Begins the names of its files. */
  readonly key: string;
  readonly calls: number;
  readonly headers: Headers;
  /** Where each end is; on 127.0.0.1 when left out. */
  readonly ends?: { readonly caller: Whereabouts; readonly callee: Whereabouts };
};

type Whereabouts = {
  readonly host: string;
  /** Kamailio's address there. */
  readonly proxy: string;
  /** See `SippOptions`. */
  readonly enter?: readonly string[];
};

const HERE: Whereabouts = { host: '127.0.0.1', proxy: '127.0.0.1' };

/** Calls of one sipp to another at the same time, with sipp's own audio, until they are over. Where each end was told to send its audio. */
export async function manyCalls(
  exchange: Exchange,
  { key, calls, headers, ends = { caller: HERE, callee: HERE } }: ManyCalls,
): Promise<{ readonly toCaller: AudioPlace[]; readonly toCallee: AudioPlace[] }> {
  const { ports, dir, sipPort } = exchange;
  // A file of its own: sipp reads it when the first call is answered, and others may begin meanwhile.
  const tone = `${key}.ulaw`;
  await writeFile(join(dir, tone), randomBytes(SAID_PACKETS * PACKET_BYTES));
  const [callerPort, calleePort, media] = [await ports.port(), await ports.port(), ports.range(8)];
  const callerFile = join(dir, `${key}-caller.xml`);
  const calleeFile = join(dir, `${key}-callee.xml`);
  await writeFile(
    callerFile,
    withHeaders(await readFile(join(ASSETS, 'caller.xml'), 'utf8'), headers, `${ends.callee.host}:${calleePort}`).replace(
      'rtp_stream="tone.ulaw,',
      `rtp_stream="${tone},`,
    ),
  );
  await writeFile(calleeFile, await readFile(join(ASSETS, 'callee.xml'), 'utf8'));
  const callee = await startSipp(exchange, {
    ...{ ...ends.callee, scenario: calleeFile, sipPort: calleePort, mediaPort: media.min, calls, more: ['-rtp_echo'] },
  });
  await sippListens(callee, calleePort);
  const caller = await startSipp(exchange, {
    ...{ ...ends.caller, scenario: callerFile, sipPort: callerPort, mediaPort: media.min + 4, calls },
    more: ['-r', '10', `${ends.caller.proxy}:${sipPort}`],
  });
  const scene = { kamailio: exchange.kamailio, relay: exchange.relays[0]! };
  await sippSucceeds(scene, `the callers of ${key}`, caller);
  await sippSucceeds(scene, `the callees of ${key}`, callee);
  return { toCaller: await places(caller, calls), toCallee: await places(callee, calls) };
}

/** The scenario of a caller whose requests have these headers, and whose calls go to this place. */
function withHeaders(xml: string, headers: Headers, callee: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `\n      X-${name}: ${value}`);
  return xml
    .replaceAll('Max-Forwards: 70', `Max-Forwards: 70${lines.join('')}`)
    .replace('INVITE sip:[service]@[remote_ip]:[remote_port]', `INVITE sip:callee@${callee}`)
    .replace(/<pause milliseconds="\d+"\/>/, `<pause milliseconds="${CALL_MS}"/>`);
}

/** One for each call: a message that came twice counts once. */
async function places(sipp: Sipp, calls: number): Promise<AudioPlace[]> {
  const all = new Map((await receivedAudio(sipp)).map((place) => [`${place.address} ${place.port}`, place]));
  equal(all.size, calls, 'each side of each call has its port');
  return [...all.values()];
}
