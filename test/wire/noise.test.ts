import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { askOnce, LineClient, UdpControl } from '../rig/control.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';
import { RtpPeer } from '../rig/rtpPeer.js';

const BOUND = { timeout: 30_000 };
const VERSION = '20040107';
/** The end of any answer: an error, the numbers of a command that noise happened to be, the lines of I, nothing to G without names. */
const ANSWER = /(?:^| )(?:E\d+|\d+(?: [\d.]+)*|sessions created: [\x20-\x7e\n]+|)\n$/;

test('random bytes on the control sockets get an error or silence, and we go on', BOUND, async (t) => {
  const relay = await startRelay({ control: ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT'] });
  t.after(() => relay.stop());
  const [udp, tcp] = relay.control;
  const client = await UdpControl.to(udp!);
  t.after(() => client.close());
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    nearlyCommand().map((text) => Buffer.from(text, 'latin1')),
  );
  await fc.assert(
    fc.asyncProperty(noise, async (bytes) => {
      client.send(bytes);
      equal(await client.ask('V'), VERSION);
      for (const { text } of client.drain()) match(text, ANSWER);
    }),
    { numRuns: 300 },
  );
  await fc.assert(
    fc.asyncProperty(noise, async (bytes) => {
      const line = await LineClient.open(tcp!);
      line.send(bytes);
      line.send('\nV\n');
      while ((await line.lines(1))[0] !== VERSION);
      line.close();
    }),
    { numRuns: 50 },
  );
  equal(await client.ask('X'), '0');
  deepEqual(await relay.stop(), { code: 0, signal: null }, relay.stderr());
});

for (const engine of ['the best', 'epoll', 'dgram']) {
  const title = `random bytes on the media sockets are dropped or relayed, and the call goes on (${engine} engine)`;
  test(title, BOUND, async (t) => {
    const noisy = await startRelay({ args: engine === 'the best' ? [] : ['--engine', engine] });
    t.after(() => noisy.stop());
    await noiseOnMedia(t, noisy);
    deepEqual(await noisy.stop(), { code: 0, signal: null }, noisy.stderr());
  });
}

async function noiseOnMedia(t: TestContext, relay: RunningRelay): Promise<void> {
  const [udp] = relay.control;
  const [caller, callee, stranger] = await Promise.all([RtpPeer.open(1), RtpPeer.open(2), RtpPeer.open(3)]);
  t.after(() => Promise.all([caller.close(), callee.close(), stranger.close()]));
  const facesCallee = Number.parseInt(await askOnce(udp!, `U noise-1 127.0.0.1 ${caller.port} from`), 10);
  const facesCaller = Number.parseInt(await askOnce(udp!, `L noise-1 127.0.0.1 ${callee.port} from to`), 10);
  // Both ends are learnt by real audio first: the first packet of a leg, noise included, decides where its audio goes.
  await Promise.all([caller.stream(facesCaller, 5), callee.stream(facesCallee, 5)]);
  const media = fc.uint8Array({ maxLength: 1_500 });
  await fc.assert(
    fc.asyncProperty(media, fc.constantFrom(caller, callee, stranger), fc.nat({ max: 3 }), async (bytes, sender, place) => {
      sender.sendBytes(bytes, [facesCallee, facesCallee + 1, facesCaller, facesCaller + 1][place]!);
      await Promise.resolve();
    }),
    { numRuns: 300 },
  );
  equal(await askOnce(udp!, 'V'), VERSION);
  caller.arrived.length = 0;
  callee.arrived.length = 0;
  await Promise.all([caller.stream(facesCaller, 10), callee.stream(facesCallee, 10)]);
  await delay(100);
  ok(
    callee.arrived.some(({ ssrc, port }) => ssrc === caller.ssrc && port === facesCallee),
    'the callee hears the caller',
  );
  ok(
    caller.arrived.some(({ ssrc, port }) => ssrc === callee.ssrc && port === facesCaller),
    'the caller hears the callee',
  );
  equal(await askOnce(udp!, 'D noise-1 from to'), '0');
  ok(relay.running());
}

/** Text that looks like a command long enough to reach the depths of the parser. */
function nearlyCommand(): fc.Arbitrary<string> {
  const letters = fc.constantFrom('U', 'L', 'D', 'Q', 'I', 'V', 'VF', 'X', 'P', 'S', 'R', 'C', 'N', 'G', 'u', 'l');
  const modifiers = fc.string({ maxLength: 6 });
  const word = fc.oneof(fc.constantFrom('call', 'from', 'to', '127.0.0.1', '30000', '0.0.0.0', '&&', '99999', '-1'), fc.string());
  return fc
    .tuple(letters, modifiers, fc.array(word, { maxLength: 30 }))
    .map(([letter, glued, words]) => `noise_1 ${letter}${glued} ${words.join(' ')}`);
}
