/** What the relay records, read by the programs that people have: captures by tcpdump and tshark, sound by SoX and ffmpeg. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { plainCodecs } from '../../src/protocol/audio/codecs.js';
import { levelOf, levelsOf } from '../rig/bursts.js';
import { askPort, eventually, Party } from '../rig/calls.js';
import type { UdpControl } from '../rig/control.js';
import { requirePeer } from '../rig/peers.js';
import { askPlace, openRelay } from '../rig/relayScene.js';
import { SoundPhone } from '../rig/soundPhone.js';
import { INSTALL_READERS, readByFfmpeg, readBySox } from './soundReaders.js';

const BOUND = { timeout: 60_000 };
const LIMIT_MS = 30_000;
const INSTALL_CAPTURES = 'apt-get install tcpdump tshark';
const ARRIVAL_LIMIT_MS = 5_000;

type Read = { readonly stdout: string; readonly stderr: string };

/** Runs a program that must end well. */
function run(program: string, args: readonly string[]): Read {
  const options = { encoding: 'utf8', timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 1 << 26 } as const;
  const { status, stdout, stderr } = spawnSync(program, args, options);
  equal(status, 0, `${program} ${args.join(' ')}\n${stderr}`);
  return { stdout, stderr };
}

// --- captures

/** What an end has sent: as tshark shows it. */
type Sent = { readonly host: string; readonly port: number; readonly to: number; readonly bytes: number; readonly rtp: string };

type Talker = { readonly party: Party; readonly host: string; readonly entry: number };

/** Sends RTP of many lengths, even and odd, from nothing but a header up to a large datagram, and a report; each is relayed before the next. */
async function talk({ party, host, entry }: Talker, other: Party): Promise<Sent[]> {
  const sent: Sent[] = [];
  const { rtp, rtcp } = party;
  for (const length of [12, 13, 33, 172, 173, 332, 1012, 1401]) {
    const whole = party.nextRtp();
    const bytes = new Uint8Array(length).fill(length & 0xff);
    bytes.set(whole.subarray(0, length));
    await rtp.send(bytes, entry, host);
    await other.rtp.take(1);
    const view = new DataView(bytes.buffer);
    sent.push({ host, port: rtp.port, to: entry, bytes: length, rtp: `${view.getUint16(2)}` });
  }
  const report = party.nextRtcp();
  await rtcp.send(report, entry + 1, host);
  await other.rtcp.take(1);
  sent.push({ host, port: rtcp.port, to: entry + 1, bytes: report.length, rtp: '' });
  return sent;
}

const CHECKED = ['-o', 'udp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE'];
const FIELDS = [
  ...['ip.src', 'ipv6.src', 'udp.srcport', 'udp.dstport', 'udp.length', 'rtp.seq', 'rtcp.pt'],
  ...['udp.checksum.status', 'ip.checksum.status', 'frame.len', 'frame.cap_len', '_ws.malformed', '_ws.expert.message'],
];

/** Reads a capture with tshark, which must find nothing wrong with any packet. */
function bySharks(path: string, rtpPorts: readonly number[]): Sent[] {
  const decodeAs = rtpPorts.flatMap((port) => ['-d', `udp.port==${port},rtp`, '-d', `udp.port==${port + 1},rtcp`]);
  const shown = FIELDS.flatMap((field) => ['-e', field]);
  const { stdout, stderr } = run('tshark', ['-n', ...CHECKED, ...decodeAs, '-r', path, '-T', 'fields', ...shown]);
  ok(!/malformed|cut short|bad|appears to/i.test(stderr), stderr);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [v4, v6, port, to, length, rtp, rtcp, udpSum, ipSum, frame, captured, malformed, expert] = line.split('\t');
      // 1: it is good. IPv6 has none of its own.
      deepEqual([udpSum, ipSum, captured, malformed, expert], ['1', v6 === '' ? '1' : '', frame, '', ''], line);
      match(rtcp!, rtp === '' ? /^200/ : /^$/, line);
      return { host: v4 || v6!, port: Number(port), to: Number(to), bytes: Number(length) - 8, rtp: rtp! };
    });
}

/** Reads it with tcpdump, which must find nothing wrong. Answers how many packets it has. */
function byTcpdump(path: string): number {
  const { stdout, stderr } = run('tcpdump', ['-nn', '-vvv', '-r', path]);
  ok(!/truncated|cut short|bad (udp )?cksum|wrong|invalid|\[\|/i.test(stdout + stderr), stdout + stderr);
  match(stderr, /reading from file .* link-type EN10MB \(Ethernet\)/);
  return stdout.split('\n').filter((line) => /^\d\d:\d\d:\d\d\.\d{6} IP6? \(/.test(line)).length;
}

const NETWORKS = [
  { title: 'IPv4', letters: ['II', 'II'], hosts: ['127.0.0.1', '127.0.0.1'] },
  { title: 'IPv6', letters: ['6', '6'], hosts: ['::1', '::1'] },
  { title: 'IPv4 to IPv6', letters: ['IE', 'IE6'], hosts: ['127.0.0.1', '::1'] },
] as const;

type Recorded = { readonly caller: readonly Sent[]; readonly callee: readonly Sent[]; readonly rtpPorts: readonly number[] };

async function record(
  t: TestContext,
  control: UdpControl,
  { title, letters, hosts }: (typeof NETWORKS)[number],
  command: 'R' | 'Rs',
): Promise<Recorded & { readonly name: string }> {
  const name = `${title.replaceAll(' ', '-')}-${command}`;
  const [caller, callee] = [await Party.open(t, hosts[0]), await Party.open(t, hosts[1])];
  const facesCallee = await askPlace(control, `U${letters[0]} ${name} ${hosts[0]} ${caller.rtp.port} f`, hosts[1]);
  const facesCaller = await askPlace(control, `L${letters[1]} ${name} ${hosts[1]} ${callee.rtp.port} f t`, hosts[0]);
  equal(await control.ask(`${command} ${name} f t`), '0');
  const fromCaller = await talk({ party: caller, host: hosts[0], entry: facesCaller.port }, callee);
  const fromCallee = await talk({ party: callee, host: hosts[1], entry: facesCallee.port }, caller);
  const rtpPorts = [facesCaller.port, facesCallee.port];
  return { name, caller: fromCaller, callee: fromCallee, rtpPorts };
}

const rtpOf = (sent: readonly Sent[]): Sent[] => sent.filter(({ rtp }) => rtp !== '');
const rtcpOf = (sent: readonly Sent[]): Sent[] => sent.filter(({ rtp }) => rtp === '');

for (const network of NETWORKS) {
  test(`[KC-09 SY-17] tcpdump and tshark find nothing wrong with captures of ${network.title}`, BOUND, async (t) => {
    if (!requirePeer(t, ['tcpdump', 'tshark'], INSTALL_CAPTURES)) return;
    const { control, relay } = await openRelay(t, { args: ['-6', '/::1', '-r', 'DIR', '-P'] });
    const separate = await record(t, control, network, 'R');
    const single = await record(t, control, network, 'Rs');
    const files = [
      [`${separate.name}=f.o.rtp`, rtpOf(separate.caller)],
      [`${separate.name}=f.o.rtcp`, rtcpOf(separate.caller)],
      [`${separate.name}=f.a.rtp`, rtpOf(separate.callee)],
      [`${separate.name}=f.a.rtcp`, rtcpOf(separate.callee)],
      [`${single.name}=f.pcap`, [...single.caller, ...single.callee]],
    ] as const;
    const ports = [...separate.rtpPorts, ...single.rtpPorts];
    // While the calls go on, and when they are over.
    await delay(1_500);
    for (const [file, sent] of files) equal(byTcpdump(join(relay.dir, file)), sent.length, file);
    for (const { name } of [separate, single]) equal(await control.ask(`D ${name} f`), '0');
    await delay(200);
    for (const [file, sent] of files) {
      equal(byTcpdump(join(relay.dir, file)), sent.length, file);
      deepEqual(bySharks(join(relay.dir, file), ports), sent, file);
    }
  });
}

// --- sound

const PCMU = plainCodecs().get(0)!;
const CALLER_HZ = 440;
const CALLEE_HZ = 1000;
const SPEECH_PACKETS = 200;

const say = (hz: number) => (ms: number) => Math.round(9000 * Math.sin((2 * Math.PI * hz * ms) / 1000));

/** What the readers say of a file: all the same, and nothing to complain of. Answers how long it is, seconds. */
function probe(path: string): number {
  const asked = ['-s', '-c', '-r', '-b', '-e'].map((letter) => run('soxi', [letter, path]));
  deepEqual(
    asked.slice(1).map(({ stdout }) => stdout.trim()),
    ['2', '8000', '16', 'Signed Integer PCM'],
  );
  equal(asked.map(({ stderr }) => stderr).join(''), '');
  const entries = 'stream=codec_name,sample_rate,channels,duration';
  const { stdout, stderr } = run('ffprobe', ['-v', 'warning', '-show_entries', entries, '-of', 'csv=p=0', path]);
  equal(stderr, '');
  match(stdout, /^pcm_s16le,8000,2,/);
  const [bySox, byFfprobe] = [Number(asked[0]!.stdout) / 8000, Number(stdout.trim().split(',')[3])];
  ok(Math.abs(bySox - byFfprobe) < 1.5, `soxi: ${bySox} s, ffprobe: ${byFfprobe} s`);
  return bySox;
}

/** Each side has its own tone and not the other's; both are there for about so long. */
async function isTwoTones(path: string, seconds: number): Promise<void> {
  for (const read of [readBySox, readByFfmpeg]) {
    const samples = await read(path);
    for (const [side, [own, other]] of [
      [CALLER_HZ, CALLEE_HZ],
      [CALLEE_HZ, CALLER_HZ],
    ].entries()) {
      const channel = samples.filter((_, i) => i % 2 === side);
      const loudS = levelsOf(channel, own!, 8000).filter((level) => level > 8000).length / 10;
      ok(Math.abs(loudS - seconds) <= 0.3, `${read.name}, side ${side}: ${loudS} of ${seconds} s`);
      const level = levelOf(channel, other!, 8000);
      ok(level < 60, `${read.name}, side ${side}: ${level} of the other tone`);
    }
  }
}

test('[KC-09 SY-17] SoX and ffmpeg play a WAV file while the call is recorded, and afterwards', BOUND, async (t) => {
  if (!requirePeer(t, ['sox', 'soxi', 'ffmpeg', 'ffprobe'], INSTALL_READERS)) return;
  const { control, relay } = await openRelay(t, { args: ['-r', 'DIR', '--record-format', 'wav'] });
  const [caller, callee] = [await SoundPhone.open(t), await SoundPhone.open(t)];
  const facesCallee = await askPort(control, `U heard 127.0.0.1 ${caller.port} f`);
  const facesCaller = await askPort(control, `L heard 127.0.0.1 ${callee.port} f t`);
  equal(await control.ask('R heard f t'), '0');
  const speech = { codec: PCMU, startMs: performance.now() + 100, packets: SPEECH_PACKETS };
  const talking = Promise.all([
    caller.speak(facesCaller, { ...speech, level: say(CALLER_HZ) }),
    callee.speak(facesCallee, { ...speech, level: say(CALLEE_HZ) }),
  ]);
  const part = join(relay.dir, 'heard=f.part.wav');
  await delay(3_200);
  await eventually(async () => ok(readdirSync(relay.dir).includes('heard=f.part.wav')), ARRIVAL_LIMIT_MS);
  const underWay = probe(part);
  ok(underWay > 1 && underWay < 5, `${underWay} s`);
  await isTwoTonesSoFar(part);
  await talking;
  equal(await control.ask('D heard f'), '0');
  const done = join(relay.dir, 'heard=f.wav');
  await eventually(async () => ok(readdirSync(relay.dir).includes('heard=f.wav')), ARRIVAL_LIMIT_MS);
  deepEqual(
    readdirSync(relay.dir).filter((name) => name.startsWith('heard')),
    ['heard=f.wav'],
  );
  ok(probe(done) >= 4, 'all that was said');
  await isTwoTones(done, 4);
});

/** The same of a file that grows: the first second of it. */
async function isTwoTonesSoFar(path: string): Promise<void> {
  for (const read of [readBySox, readByFfmpeg]) {
    const samples = (await read(path)).subarray(8000 * 2 * 0.5, 8000 * 2 * 1.3);
    for (const [side, own] of [CALLER_HZ, CALLEE_HZ].entries()) {
      const level = levelOf(
        samples.filter((_, i) => i % 2 === side),
        own,
        8000,
      );
      ok(level > 8000, `${read.name}, side ${side}: ${level}`);
    }
  }
}
