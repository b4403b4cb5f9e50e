/** Noise on every socket of the real process, with each packet engine: it lives, answers, relays, and its log stays true. */
import { doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { eventually, Party, setUpCall } from '../rig/calls.js';
import { controlPlace, UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';
import { isLogTrue, residentMb } from './afterwards.js';
import { FUZZ_BOUND, fuzzSeconds, search } from './budget.js';
import { commandTexts, latin1 } from './commands.js';

const MEDIA_PORTS = 40;
/** What the relay keeps for retransmissions, and what a busy process needs, megabytes. */
const GROWTH_LIMIT_MB = 150;

type Noise =
  | { readonly kind: 'datagram'; readonly text: string }
  | { readonly kind: 'stream'; readonly socket: 1 | 2 | 3; readonly text: string; readonly cut: number; readonly stays: boolean }
  | {
      readonly kind: 'media';
      readonly bytes: Uint8Array;
      readonly port: number;
      readonly from: 'caller' | 'callee' | 'stranger';
    };

const noises = (): fc.Arbitrary<Noise[]> => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ minLength: 100, maxLength: 9_500, size: 'max' }),
    rtpLike(),
  );
  const noise: fc.Arbitrary<Noise> = fc.oneof(
    fc.record({
      kind: fc.constant('datagram' as const),
      text: fc.oneof(
        commandTexts().map((text) => `c ${text}`),
        fc.uint8Array().map(latin1),
      ),
    }),
    fc.record({
      kind: fc.constant('stream' as const),
      socket: fc.constantFrom(1 as const, 2 as const, 3 as const),
      text: commandTexts(),
      cut: fc.nat({ max: 200 }),
      stays: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('media' as const),
      bytes,
      port: fc.nat({ max: MEDIA_PORTS - 1 }),
      from: fc.constantFrom('caller', 'callee', 'stranger'),
    }),
  );
  return fc.array(noise, { minLength: 1, maxLength: 20 });
};

/** A first byte and a second that send it down the paths of RTP and RTCP. */
function rtpLike(): fc.Arbitrary<Uint8Array> {
  const head = fc.tuple(fc.integer({ min: 0x80, max: 0xbf }), fc.oneof(fc.nat({ max: 255 }), fc.integer({ min: 200, max: 213 })));
  return fc.tuple(head, fc.uint8Array({ maxLength: 200 })).map(([first, rest]) => Uint8Array.from([...first, ...rest]));
}

/** Makes the noise, and then asks for a sign of life. */
async function makeNoise(
  list: readonly Noise[],
  relay: RunningRelay,
  peers: Readonly<Record<string, DatagramPeer>>,
  control: UdpControl,
) {
  for (const noise of list) {
    if (noise.kind === 'datagram') control.send(noise.text);
    else if (noise.kind === 'media') await peers[noise.from]!.send(noise.bytes, relay.media.min + noise.port).catch(() => {});
    else makeStreamNoise(relay.control[noise.socket]!, noise);
  }
  equal(await control.ask('V', { timeoutMs: 5_000 }), '20040107');
  control.drain();
}

function makeStreamNoise(name: string, { text, cut, stays }: Extract<Noise, { kind: 'stream' }>): void {
  const place = controlPlace(name);
  const connection = 'path' in place ? connect({ path: place.path }) : connect({ host: place.host, port: place.port });
  connection.on('error', () => {});
  connection.write(text.slice(0, cut), 'latin1');
  if (stays) connection.write(`${text.slice(cut)}\nV\n`, 'latin1', () => setTimeout(() => connection.destroy(), 50));
  else connection.once('connect', () => connection.destroy());
}

const openFiles = ({ pid }: RunningRelay): number => readdirSync(`/proc/${pid}/fd`).length;

async function startNoisy(
  t: TestContext,
  engine: string,
): Promise<{ readonly relay: RunningRelay; readonly control: UdpControl }> {
  const sockets = ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT', 'unix:DIR/one.sock', 'cunix:DIR/many.sock'];
  const relay = await startRelay({ control: sockets, mediaPorts: MEDIA_PORTS, args: ['--engine', engine] });
  t.after(() => relay.stop());
  const control = await UdpControl.to(relay.control[0]!);
  t.after(() => control.close());
  return { relay, control };
}

for (const name of ENGINE_NAMES) {
  test(`${name}: noise on its sockets does it no harm`, FUZZ_BOUND, async (t) => {
    const reason = await lackOf(name);
    if (reason !== null) return t.skip(reason);
    const { relay, control } = await startNoisy(t, name);
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    const stranger = await DatagramPeer.open();
    t.after(() => stranger.close());
    const before = { files: openFiles(relay), mb: await residentMb(relay.pid) };
    const peers = { caller: caller.rtp, callee: callee.rtp, stranger };
    await search(
      t,
      noises(),
      async (list) => {
        // A call to be disturbed, each time: noise may have deleted it, or taken the last ports, even between these two.
        match(await control.ask(`U noisy 127.0.0.1 ${caller.rtp.port} from-noisy`), /^(\d+ 127\.0\.0\.1|E7[12])$/);
        match(await control.ask(`L noisy 127.0.0.1 ${callee.rtp.port} from-noisy to-noisy`), /^(\d+ 127\.0\.0\.1|E7[12]|0)$/);
        await makeNoise(list, relay, peers, control);
      },
      fuzzSeconds() * 2,
    );
    equal(await control.ask('X'), '0');
    await delay(100);
    for (const party of [caller, callee]) party.rtp.arrived.length = 0;
    const { facesCallee, facesCaller } = await setUpCall(control, 'afterwards', caller, callee);
    await caller.reaches(callee, facesCaller, facesCallee, 10);
    await callee.reaches(caller, facesCallee, facesCaller, 10);
    equal(await control.ask('D afterwards from-afterwards to-afterwards'), '0');
    // What came by the last connections may be carried out after the X that was asked by datagram, and begin a session of its own.
    await eventually(async () => {
      equal(await control.ask('X'), '0');
      ok(openFiles(relay) <= before.files, `${openFiles(relay)} open files, ${before.files} before`);
    }, 5_000);
    const grownMb = (await residentMb(relay.pid)) - before.mb;
    ok(grownMb < GROWTH_LIMIT_MB, `grown by ${grownMb} MB`);
    doesNotMatch(relay.stderr(), /defect|died|Error|stack/);
    await isLogTrue(relay);
  });
}
