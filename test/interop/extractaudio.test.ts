/** extractaudio between programs of others: SRTP that ffmpeg sends, captures that editcap rewrites, sound files that SoX reads. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toneIn } from '../pure/extracted.js';
import { startChild } from '../rig/child.js';
import { requirePeer } from '../rig/peers.js';
import { pcapFile, type Recorded, talk } from '../rig/recordings.js';
import { keySpec } from '../rig/srtpSender.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const EXTRACTAUDIO = fileURLToPath(new URL('../../src/cli/extractaudio.js', import.meta.url));
const LIMIT_MS = 20_000;

/** Runs a program to its end, which must be a good one. */
function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: LIMIT_MS, killSignal: 'SIGKILL' });
  equal(status, 0, `${command} ${args.join(' ')}\n${stderr}`);
  return stdout;
}

const extract = (...args: readonly string[]): string => run(process.execPath, [EXTRACTAUDIO, ...args]);
const samplesOf = (path: string): Int16Array => new Int16Array(Uint8Array.from(readFileSync(path)).buffer);

/** What ffmpeg sends of two seconds of 440 Hz, as it comes to a socket. */
async function sentByFfmpeg(t: TestContext, suite: string): Promise<Recorded[]> {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const recorded: Recorded[] = [];
  socket.on('message', (payload) => recorded.push({ atMs: Date.now(), payload: Uint8Array.from(payload) }));
  const secret = ['-srtp_out_suite', suite, '-srtp_out_params', keySpec(suite).split(':')[1]!];
  const tone = ['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=8000:duration=2', '-c:a', 'pcm_mulaw'];
  const to = `srtp://127.0.0.1:${socket.address().port}?pkt_size=184`;
  const child = await startChild('ffmpeg', ['-nostdin', '-loglevel', 'error', ...tone, '-f', 'rtp', ...secret, to]);
  const { code } = await child.exited;
  equal(code, 0, child.stderr());
  return recorded;
}

test('[PN-15] SRTP of ffmpeg is heard, with both suites', async (t) => {
  if (!requirePeer(t, ['ffmpeg'], 'apt-get install ffmpeg')) return;
  const folder = await temporaryFolder(t);
  for (const suite of ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32']) {
    const recorded = await sentByFfmpeg(t, suite);
    ok(recorded.length > 50, `${recorded.length} packets`);
    const [capture, output] = [join(folder, 'call.pcap'), join(folder, 'call.raw')];
    writeFileSync(capture, pcapFile(recorded));
    extract('-F', 'raw', '-D', 'pcm_16', '-A', capture, '--alice-crypto', keySpec(suite), output);
    const samples = samplesOf(output);
    ok(Math.abs(samples.length - 16_000) < 400, `${samples.length} samples`);
    const [right, wrong] = [toneIn(samples, 440), toneIn(samples, 1000)];
    ok(right > 900 && wrong < right / 50, `440 Hz: ${right}, 1000 Hz: ${wrong}`);
  }
});

test('[PN-15] what extractaudio writes by default, SoX reads: GSM in mono, ADPCM in stereo', async (t) => {
  if (!requirePeer(t, ['sox'], 'apt-get install sox')) return;
  const folder = await temporaryFolder(t);
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  writeFileSync(a, pcapFile(talk({ hz: 400 })));
  writeFileSync(b, pcapFile(talk({ hz: 1000 })));
  const cases: readonly (readonly [string[], string, string[]])[] = [
    [[], 'GSM', ['remix', '1']],
    [['-s'], 'MS ADPCM', ['remix', '1']],
    [['-F', 'flac', '-D', 'pcm_16', '-s'], 'FLAC', ['remix', '1']],
    [['-F', 'ogg', '-D', 'vorbis', '-s'], 'Vorbis', ['remix', '1']],
  ];
  for (const [options, encoding, effect] of cases) {
    const kind = options[0] === '-F' ? options[1]! : 'wav';
    const [output, raw] = [join(folder, `call.${kind}`), join(folder, 'call.raw')];
    extract(...options, '-A', a, '-B', b, output);
    ok(
      run('sox', ['--info', output])
        .match(/Sample Encoding: .*$/m)?.[0]
        .endsWith(encoding),
      encoding,
    );
    run('sox', [output, '-t', 'raw', '-e', 'signed', '-b', '16', raw, ...effect]);
    const samples = samplesOf(raw);
    ok(Math.abs(samples.length - 16_000) < 400, `${encoding}: ${samples.length} samples`);
    const stereo = options.includes('-s');
    const [low, high] = [toneIn(samples, 400), toneIn(samples, 1000)];
    ok(low > (stereo ? 7500 : 3700), `${encoding}: ${low}`);
    ok(stereo ? high < 200 : high > 3000, `${encoding}: ${high}`);
  }
});

test('[PN-15] captures that editcap has rewritten are read alike', async (t) => {
  if (!requirePeer(t, ['editcap'], 'apt-get install tshark')) return;
  const folder = await temporaryFolder(t);
  const capture = join(folder, 'call.pcap');
  writeFileSync(capture, pcapFile(talk()));
  const statistics = (path: string): string => extract('-F', 'raw', '-D', 'pcm_16', '-A', path, join(folder, 'call.raw'));
  const expected = statistics(capture);
  const sound = readFileSync(join(folder, 'call.raw'));
  for (const form of ['pcap', 'nsecpcap']) {
    const rewritten = join(folder, form);
    run('editcap', ['-F', form, capture, rewritten]);
    equal(statistics(rewritten), expected);
    deepEqual(readFileSync(join(folder, 'call.raw')), sound);
  }
});
