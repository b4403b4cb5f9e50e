/** Prompts that makeann has made, played by Kamailio's functions to one end of a call: what it hears, and what the other end does not. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AudioCodec } from '../../src/protocol/audio/codec.js';
import { levelOf } from '../rig/bursts.js';
import { askOnce } from '../rig/control.js';
import { decoded, FRAME_MS, FRAME_TICKS, longestStallMs } from '../rig/soundPhone.js';
import { tone, wavOf } from '../rig/sounds.js';
import { runCases, SIDE_BY_SIDE } from './calls.js';
import { type Exchange, logsAreSound, nothingIsLeft, openExchange, resultsOf } from './exchange.js';
import {
  answer,
  begin,
  CALLEE_HZ,
  CALLER_HZ,
  CODECS,
  HZ,
  hangUp,
  heardSo,
  isHeard,
  isTone,
  isWellFormed,
  PCMU,
  type Plan,
  QUIET_MS,
  type Scene,
  soundCommands,
  speakBoth,
  update,
} from './promptCalls.js';
import { session } from './scenario.js';

const MAKEANN = fileURLToPath(new URL('../../src/cli/makeann.js', import.meta.url));

/** The prompts, in the folder where the relay was started. */
const FOLDER = 'prompts';
/** Of `short`, `tone` and `direct`. */
const SHORT_MS = 100;
const LONG_MS = 400;

/** Whom it is played to hears it, whatever function and message it was; the other end hears nothing. */
const playedTo =
  (who: 'caller' | 'callee', plan: Plan, lengthMs: number) =>
  async (t: TestContext, exchange: Exchange): Promise<void> => {
    const scene = await begin(t, exchange, plan);
    const { call } = scene;
    const early = plan.play.When === '183';
    const place = (await call[who].places())[0];
    const [to, other] = who === 'caller' ? [scene.caller, scene.callee] : [scene.callee, scene.caller];
    if (early) await heardSo(to, lengthMs / FRAME_MS);
    const { toCaller, toCallee } = await answer(scene);
    const told = who === 'caller' ? toCaller : toCallee;
    if (early) deepEqual(told, place);
    await isHeard(to, told, lengthMs, plan.codec);
    deepEqual(other.heard, []);
    await hangUp(scene);
    ok(resultsOf(exchange, call.id).includes('play 1'));
    const played = (await call.commands()).filter((command) => command.startsWith('P'));
    equal(played.length, 1, played.join('\n'));
    await descriptionsAreKept(scene, plan.codec ?? PCMU);
  };

/** Each description says what it says without any prompt: our address and port, and that we are there. */
async function descriptionsAreKept({ call }: Scene, { payloadType, name }: AudioCodec): Promise<void> {
  for (const phone of [call.caller, call.callee]) {
    for (const description of await phone.descriptions()) {
      const port = /^m=audio (\d+) /m.exec(description)![1];
      const plain = session('127.0.0.1', [
        `m=audio ${port} RTP/AVP ${payloadType}`,
        `a=rtpmap:${payloadType} ${name}/8000`,
        'a=nortpproxy:yes',
      ]);
      equal(description.trimEnd(), plain);
    }
  }
}

async function endless(t: TestContext, exchange: Exchange): Promise<void> {
  const play = { Play: 'uac', Prompt: `${FOLDER}/short`, Times: '-1', When: 'ACK' } as const;
  const scene = await begin(t, exchange, { key: 'endless', play, stop: 'uac' });
  const { caller, callee, call } = scene;
  const { toCaller, toCallee } = await answer(scene);
  const packets = (11 * SHORT_MS) / FRAME_MS;
  await heardSo(caller, packets);
  isWellFormed(caller.heard, toCaller, PCMU);
  await update(scene);
  await delay(QUIET_MS);
  isTone(caller.heard.splice(0), HZ);
  await delay(QUIET_MS);
  deepEqual(caller.heard, [], 'not a packet after S');
  deepEqual(callee.heard, []);
  await speakBoth(scene, { toCaller, toCallee }, 25);
  isTone(caller.heard.splice(0), CALLEE_HZ);
  isTone(callee.heard.splice(0), CALLER_HZ);
  await call.hangUp();
  deepEqual(await soundCommands(call), [
    { command: `P-1 endless ${FOLDER}/short session endless-F;1 endless-T;1`, answer: '0' },
    { command: 'S endless endless-F;1 endless-T;1', answer: '0' },
  ]);
  deepEqual(resultsOf(exchange, 'endless').slice(-3), ['play 1', 'stop 1', 'BYE 1']);
}

/** Both ends speak all the time: the caller hears the callee, then the prompt in its place, then the callee again; the callee the caller throughout. */
async function amidTalk(t: TestContext, exchange: Exchange): Promise<void> {
  const play = { Play: 'uac', Prompt: `${FOLDER}/long`, When: 'never' } as const;
  const scene = await begin(t, exchange, { key: 'amid', play });
  const { caller, callee } = scene;
  const places = await answer(scene);
  const talking = speakBoth(scene, places, 100);
  await delay(600);
  equal(await askOnce(exchange.relays[0]!.control[0]!, `P2 amid ${FOLDER}/long session amid-F;1 amid-T;1`), '0');
  await talking;
  equal(callee.heard.length, 100);
  isTone(callee.heard, CALLER_HZ);
  const { heard } = caller;
  const ofPrompt = heard.map((packet) => levelOf(decoded(PCMU, Array(5).fill(packet)), HZ, 8000) > 4000);
  const [from, to] = [ofPrompt.indexOf(true), ofPrompt.lastIndexOf(true) + 1];
  equal(to - from, (2 * LONG_MS) / FRAME_MS, 'the whole prompt, in one piece');
  ok(from > 20 && to < heard.length - 10, `${from}…${to} of ${heard.length}`);
  for (const part of [heard.slice(0, from), heard.slice(to)]) isTone(part, CALLEE_HZ);
  isTone(heard.slice(from, to), HZ);
  const [first] = heard;
  for (const [i, { sequence, ssrc }] of heard.entries())
    deepEqual([sequence, ssrc], [(first!.sequence + i) & 0xffff, callee.ssrc], 'one stream, without a gap in its numbers');
  for (let i = 1; i < heard.length; i++) {
    const ticks = (heard[i]!.timestamp - heard[i - 1]!.timestamp) >>> 0;
    // Where one takes the place of the other the time goes on by the clock.
    const most = i === from || i === to ? 3 * FRAME_TICKS + (longestStallMs(heard) * FRAME_TICKS) / FRAME_MS : FRAME_TICKS;
    ok(ticks >= FRAME_TICKS && ticks <= most, `packet ${i}: ${ticks} ticks of at most ${most}`);
  }
  await hangUp(scene);
}

/** A P that no session is there for is refused. Kamailio does not look at the answer. */
async function unknownCall(t: TestContext, exchange: Exchange): Promise<void> {
  const play = { Play: 'uac', Prompt: `${FOLDER}/tone`, When: 'ACK' } as const;
  const scene = await begin(t, exchange, { key: 'unknown', play, stop: 'uac', isPlain: true });
  await answer(scene);
  await hangUp(scene);
  const tags = 'unknown-F;1 unknown-T;1';
  deepEqual(await scene.call.said(), [
    { command: `P1 unknown ${FOLDER}/tone session ${tags}`, answer: 'E50' },
    { command: `S unknown ${tags}`, answer: 'E50' },
  ]);
  deepEqual([scene.caller.heard, scene.callee.heard], [[], []]);
}

/** A prompt that is not there, or lies beside the one that is: nobody hears anything, and the call goes on. */
async function missingPrompt(t: TestContext, exchange: Exchange): Promise<void> {
  const play = { Play: 'uac', Prompt: `${FOLDER}/nowhere`, When: 'ACK' } as const;
  const scene = await begin(t, exchange, { key: 'missing', play });
  const places = await answer(scene);
  await speakBoth(scene, places, 10);
  isTone(scene.caller.heard, CALLEE_HZ);
  await hangUp(scene);
  deepEqual(await soundCommands(scene.call), [
    { command: `P1 missing ${FOLDER}/nowhere session missing-F;1 missing-T;1`, answer: 'E60' },
  ]);
}

type TestCase = readonly [title: string, run: (t: TestContext, exchange: Exchange) => Promise<void>];

const on = (key: string, Play: 'uac' | 'uas', When: string, Prompt: string, Times = '1'): Plan => ({
  key,
  play: { Play, Prompt, Times, When },
});

const OF_CODECS = [...CODECS.values()].map(
  (codec): TestCase => [
    `[PN-03 PN-13] in a call of ${codec.name} the file of that codec is played`,
    playedTo('caller', { ...on(`codec-${codec.name}`, 'uac', 'ACK', `${FOLDER}/tone`), codec }, LONG_MS),
  ],
);

function casesIn(dir: string): TestCase[] {
  return [
    [
      '[PN-03 KM-68 KM-69 KM-70 KM-71] uac on the ACK is the inviter; three times is three times as long',
      playedTo('caller', on('ack-uac', 'uac', 'ACK', `${FOLDER}/tone`, '3'), 3 * LONG_MS),
    ],
    [
      '[KM-68 KM-69 KM-71] uas on the ACK is the answerer',
      playedTo('callee', on('ack-uas', 'uas', 'ACK', `${FOLDER}/tone`), LONG_MS),
    ],
    [
      '[KM-68 KM-69 KM-70] uas on a 183 is the answerer',
      playedTo('callee', on('183-uas', 'uas', '183', `${FOLDER}/tone`), LONG_MS),
    ],
    ['[KM-68 KM-69] uac on a 183 is the inviter', playedTo('caller', on('183-uac', 'uac', '183', `${FOLDER}/tone`), LONG_MS)],
    ['[KM-68 KM-69] uac on a 200 is the inviter', playedTo('caller', on('200-uac', 'uac', '200', `${FOLDER}/tone`), LONG_MS)],
    [
      '[KM-72] a prompt may be named by its whole path',
      playedTo('callee', on('whole-path', 'uas', 'ACK', join(dir, FOLDER, 'tone')), LONG_MS),
    ],
    [
      '[PN-13] a WAV file is played as it is where makeann has made nothing of it',
      playedTo('caller', on('direct', 'uac', 'ACK', `${FOLDER}/direct`), LONG_MS),
    ],
    ...OF_CODECS,
    ['[KM-70 KM-73 SY-15] -1 goes on for more than ten times the file, until S; then both ends hear each other', endless],
    ['[KM-68 SY-15] amid a talk the prompt takes the place of the other end, in its stream', amidTalk],
    ['[KM-71] without a session nobody hears anything, and the relay says so', unknownCall],
    ['[KM-71] a prompt that is not there is refused', missingPrompt],
  ];
}

/** The prompts: made by makeann, but for `direct`. */
function makePrompts(dir: string): void {
  mkdirSync(join(dir, FOLDER));
  const made = [
    ['tone', LONG_MS],
    ['long', LONG_MS],
    ['short', SHORT_MS],
  ] as const;
  const wav = (ms: number): Uint8Array => wavOf(tone((16_000 * ms) / 1000, 16_000, HZ), 16_000);
  for (const [name, ms] of made) {
    writeFileSync(join(dir, `${name}.wav`), wav(ms));
    const { status, stderr } = spawnSync(process.execPath, [MAKEANN, join(dir, `${name}.wav`), join(dir, FOLDER, name)]);
    equal(status, 0, String(stderr));
  }
  writeFileSync(join(dir, FOLDER, 'direct.wav'), wav(LONG_MS));
  match(readdirSync(join(dir, FOLDER)).join(' '), /tone\.0 .*tone\.3 tone\.8 tone\.9/);
}

test('Kamailio has prompts played to either end of a call', SIDE_BY_SIDE, async (t) => {
  const exchange = await openExchange(t, { relays: [{ mediaPorts: 120 }] });
  if (exchange === null) return;
  const { dir } = exchange.relays[0]!;
  makePrompts(dir);
  await runCases(
    t,
    exchange,
    casesIn(dir).map(([title, run]) => [title, (each) => run(t, each)]),
  );
  await nothingIsLeft(exchange);
  await logsAreSound(exchange);
});
