/** The command `extractaudio`, as scripts call it: files in, a sound file out, lines and exit codes. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseWav } from '../../src/protocol/audio/wav.js';
import { formatExtractHelp } from '../../src/relay/tools/extractOptions.js';
import { toneIn } from '../pure/extracted.js';
import { startChild } from '../rig/child.js';
import { adHocFile, EPOCH_MS, joined, pcapFile, type Recorded, type Talk, talk } from '../rig/recordings.js';
import { keySpec, protect } from '../rig/srtpSender.js';
import { asNobody, type Ended, temporaryFolder, whyNotAsNobody } from '../rig/startAttempt.js';

const PROGRAMS = {
  extractaudio: fileURLToPath(new URL('../../src/cli/extractaudio.js', import.meta.url)),
  extractaudio_debug: fileURLToPath(new URL('../../src/cli/extractaudioDebug.js', import.meta.url)),
};
/** What we can write without a library. */
const LINEAR = ['-F', 'wav', '-D', 'pcm_16'];

type Site = {
  readonly folder: string;
  readonly put: (name: string, bytes: Uint8Array) => void;
  /** Runs the program in the folder, to its end. */
  readonly run: (...args: string[]) => Promise<Ended>;
  readonly debug: (...args: string[]) => Promise<Ended>;
};

async function site(t: TestContext): Promise<Site> {
  const folder = await temporaryFolder(t);
  const runner =
    (program: keyof typeof PROGRAMS) =>
    async (...args: string[]): Promise<Ended> => {
      const child = await startChild(process.execPath, [PROGRAMS[program], ...args], { cwd: folder });
      const exit = await child.exited;
      return { ...exit, stdout: child.stdout(), stderr: child.stderr() };
    };
  const put = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder, name), bytes);
  return { folder, put, run: runner('extractaudio'), debug: runner('extractaudio_debug') };
}

const answering = (options: Talk = {}): Recorded[] => talk({ hz: 400, ssrc: 0xab, ...options });
const originating = (options: Talk = {}): Recorded[] => talk({ hz: 1000, ssrc: 0xcd, firstSequence: 65_530, ...options });

/** A call of two seconds, recorded as `call`. */
async function callSite(t: TestContext): Promise<Site> {
  const here = await site(t);
  here.put('call.a.rtp', adHocFile(answering()));
  here.put('call.o.rtp', adHocFile(originating({ travelMs: (i) => (i === 50 ? null : 0) })));
  return here;
}

function soundOf(path: string): { channels: Int16Array[]; sampleRate: number } {
  const wav = parseWav(readFileSync(path));
  if (!wav.ok || wav.value.encoding !== 'pcm16') throw new Error(`${path}: ${JSON.stringify(wav).slice(0, 80)}`);
  const { data, channels, sampleRate } = wav.value;
  const samples = new Int16Array(Uint8Array.from(data).buffer);
  return { sampleRate, channels: Array.from({ length: channels }, (_, c) => samples.filter((_, i) => i % channels === c)) };
}

const STATISTICS = `pcount=100, min_seq=100, max_seq=199, seq_offset=0, ssrc=0x000000AB, duplicates=0
ssrc_changes=1, psent=100, precvd=100, plost=0
last_jitter=0.000000,average_jitter=0.000000,max_jitter=0.000000
pcount=99, min_seq=65530, max_seq=65629, seq_offset=65536, ssrc=0x000000CD, duplicates=0
ssrc_changes=1, psent=100, precvd=99, plost=1
last_jitter=0.000000,average_jitter=0.000000,max_jitter=0.000000
`;

test('[PN-15] a recorded call becomes a WAV with both tones, further names for it, and the lines that scripts read', async (t) => {
  const { folder, run } = await callSite(t);
  const { code, stdout, stderr } = await run('-s', ...LINEAR, 'call', 'out.wav', 'link.wav', 'out.wav');
  equal(code, 0);
  equal(stdout, STATISTICS);
  equal(
    stderr,
    'samples decoded: O: 16000, A: 16000, written: 16000\nextractaudio: out.wav: not made another name of out.wav (EEXIST)\n',
  );
  const { channels, sampleRate } = soundOf(join(folder, 'out.wav'));
  deepEqual([sampleRate, ...channels.map(({ length }) => length)], [8000, 16_000, 16_000]);
  ok(toneIn(channels[0]!, 400) > 7900 && toneIn(channels[0]!, 1000) < 50);
  ok(toneIn(channels[1]!, 1000) > 7800 && toneIn(channels[1]!, 400) < 50);
  equal(statSync(join(folder, 'link.wav')).ino, statSync(join(folder, 'out.wav')).ino);
  deepEqual(readdirSync(folder).sort(), ['call.a.rtp', 'call.o.rtp', 'link.wav', 'out.wav']);
});

test('[PN-16] extractaudio_debug makes the same file, prints the same lines, and says more on stderr', async (t) => {
  const { folder, run, debug } = await callSite(t);
  const usual = await run('-s', ...LINEAR, 'call', 'usual.wav');
  const more = await debug('-s', ...LINEAR, 'call', 'more.wav');
  deepEqual(readFileSync(join(folder, 'more.wav')), readFileSync(join(folder, 'usual.wav')));
  equal(more.stdout, usual.stdout);
  const lines = more.stderr.split('\n');
  ok(lines.includes('samples decoded: O: 16000, A: 16000, written: 16000'));
  ok(lines.includes('extractaudio_debug: call.a.rtp: ad-hoc, 20200 bytes'));
  match(more.stderr, /call\.o\.rtp: SSRC 0x000000CD from 1700000000\.000 s: 99 packets, 0 duplicates, .*; 1 gaps, /);
});

test('[PN-15] scanning counts packets, says -1 of what is broken, empty or not there, and exits with 0', async (t) => {
  const { put, run } = await callSite(t);
  deepEqual(await run('-S', 'call'), { code: 0, signal: null, stdout: 'call.a.rtp: 100\ncall.o.rtp: 99\n', stderr: '' });
  put('cut', adHocFile(answering()).subarray(0, 20_000));
  put('short', joined(adHocFile(answering({ packets: 2 })), adHocFile([{ atMs: EPOCH_MS, payload: new Uint8Array(11) }])));
  put('empty', new Uint8Array(0));
  put('call.pcap', pcapFile(answering({ packets: 7 })));
  const counts: readonly (readonly [string, number])[] = [
    ['cut', -1],
    ['empty', -1],
    ['nowhere', -1],
    ['.', -1],
    ['short', 2],
    ['call.pcap', 7],
  ];
  for (const [name, count] of counts) {
    const { code, stdout } = await run('-S', '-B', name);
    deepEqual([code, stdout], [0, `${name}: ${count}\n`]);
  }
});

test('[PN-15] a command line that is wrong exits with 1, says why and how it goes', async (t) => {
  const { folder, run } = await callSite(t);
  for (const [args, why] of [
    [['call'], 'expected RDIR and OUTFILE'],
    [['-x', 'call', 'out.wav'], "'-x': no such option"],
    [['-D', 'mp3', 'call', 'out.wav'], '-D: data format "mp3": one of pcm_s8'],
  ] as const) {
    const { code, stdout, stderr } = await run(...args);
    deepEqual([code, stdout], [1, '']);
    ok(stderr.startsWith(`extractaudio: ${why}`) && stderr.includes('\nusage: extractaudio [-idsne]'), stderr);
  }
  const help = await run('--help');
  deepEqual([help.code, help.stdout, help.stderr], [0, `${formatExtractHelp()}\n`, '']);
  equal(existsSync(join(folder, 'out.wav')), false);
});

test('[PN-15] one file is enough, none is exit code 1, and -e wants both of them whole', async (t) => {
  const { folder, put, run } = await site(t);
  put('one.a.rtp', adHocFile(answering()));
  const missing = 'extractaudio: cannot load one.o.rtp: ENOENT\n';
  const one = await run(...LINEAR, 'one', 'out.wav');
  deepEqual([one.code, one.stderr], [0, `${missing}samples decoded: O: 0, A: 16000, written: 16000\n`]);
  const strict = await run('-e', ...LINEAR, 'one', 'strict.wav');
  deepEqual([strict.code, strict.stderr], [1, missing]);
  put('cut.a.rtp', adHocFile(answering()).subarray(0, 20_100));
  put('cut.o.rtp', adHocFile(originating()));
  const where = 'at byte 19998: the file ends 72 bytes into a packet of 172';
  const cut = await run(...LINEAR, 'cut', 'cut.wav');
  equal(cut.code, 0);
  ok(cut.stderr.includes(`cut.a.rtp: ${where}; what is before it was taken\n`), cut.stderr);
  ok(cut.stderr.endsWith('samples decoded: O: 16000, A: 15840, written: 16000\n'));
  equal((await run('-e', ...LINEAR, 'cut', 'strict.wav')).code, 1);
  const none = await run(...LINEAR, 'none', 'none.wav');
  deepEqual([none.code, none.stdout], [1, '']);
  equal(none.stderr, 'extractaudio: cannot load none.a.rtp: ENOENT\nextractaudio: cannot load none.o.rtp: ENOENT\n');
  put('text', Buffer.from('this is no recording at all, but a text'));
  equal((await run(...LINEAR, '-A', 'text', 'none.wav')).code, 1);
  for (const name of ['strict.wav', 'none.wav']) equal(existsSync(join(folder, name)), false, name);
});

test('[PN-15] -d deletes the recording, but only what was read to its end and heard, and only when there is an output', async (t) => {
  const { folder, put, run } = await callSite(t);
  const left = (): string[] => readdirSync(folder).sort();
  equal((await run('-d', ...LINEAR, 'call', 'nowhere/out.wav')).code, 2);
  deepEqual(left(), ['call.a.rtp', 'call.o.rtp']);
  put('call.o.rtp', adHocFile(originating()).subarray(0, 20_100));
  const cut = await run('-d', ...LINEAR, 'call', 'out.wav');
  equal(cut.code, 0);
  ok(cut.stderr.endsWith('extractaudio: call.o.rtp is not deleted: it could not be read to its end\n'), cut.stderr);
  deepEqual(left(), ['call.o.rtp', 'out.wav']);
  put('opus', adHocFile(talk({ payloadType: 96 })));
  const opus = await run('-d', '-A', 'opus', 'opus.wav');
  deepEqual(
    [opus.code, opus.stderr.split('\n')],
    [
      0,
      [
        'extractaudio: opus: 100 packets of payload type 96 skipped: no codec',
        'extractaudio: opus.wav is not made: nothing is to be heard in the recording',
        'extractaudio: opus is not deleted: none of it could be heard',
        '',
      ],
    ],
  );
  put('events', adHocFile(talk({ payloadType: 101 })));
  deepEqual(await run('-d', '-B', 'events', 'events.wav').then(({ code, stderr }) => [code, stderr]), [
    0,
    'extractaudio: events.wav is not made: nothing is to be heard in the recording\n',
  ]);
  deepEqual(left(), ['call.o.rtp', 'opus', 'out.wav'], 'nothing to be heard is no output, and no reason to be kept');
});

test('[PN-15] an output that cannot be made exits with 2 and leaves nothing', async (t) => {
  const { folder, run } = await callSite(t);
  for (const [args, why] of [
    [['nowhere/out.wav'], 'extractaudio: nowhere/out.wav cannot be written (ENOENT)'],
    [['.'], 'extractaudio: . cannot be written (EISDIR)'],
    [['call.a.rtp/out.wav'], 'extractaudio: call.a.rtp/out.wav cannot be written (ENOTDIR)'],
    [['-F', 'flac', '-D', 'gsm610', 'out.flac'], 'extractaudio: out.flac: flac with gsm610, 8000 Hz and 1 channel'],
  ] as const) {
    const { code, stderr } = await run('call', ...args);
    equal(code, 2, stderr);
    ok(stderr.startsWith(why), stderr);
  }
  deepEqual(readdirSync(folder).sort(), ['call.a.rtp', 'call.o.rtp']);
});

test('[PN-15] an output in a folder that may not even be looked into exits with 2, too', async (t) => {
  const reason = await whyNotAsNobody();
  if (reason !== null) return t.skip(reason);
  const { folder } = await callSite(t);
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'closed'), 0o700);
  if (process.getuid?.() !== 0) chmodSync(join(folder, 'closed'), 0);
  const [command, ...args] = [...asNobody(), process.execPath, PROGRAMS.extractaudio, 'call', 'closed/out.wav'];
  const child = await startChild(command!, args, { cwd: folder });
  deepEqual(await child.exited, { code: 2, signal: null }, child.stderr());
  equal(child.stderr(), 'extractaudio: closed/out.wav cannot be written (EACCES)\n');
});

test('[PN-15] sound that goes to the standard output is not mixed with statistics', async (t) => {
  const { folder } = await callSite(t);
  const args = [PROGRAMS.extractaudio, '-F', 'raw', '-D', 'ulaw', 'call', '/dev/stdout'];
  const child = await startChild('sh', ['-c', '"$@" | wc -c', 'sh', process.execPath, ...args], { cwd: folder });
  deepEqual(await child.exited, { code: 0, signal: null });
  ok(child.stderr().startsWith(STATISTICS), child.stderr());
  equal(child.stdout().trim(), child.stderr().match(/written: (\d+)/)?.[1], 'an octet a sample, and nothing else');
});

test('[PN-15] the output never takes the place of a recording, under whatever name', async (t) => {
  const { folder, put, run } = await callSite(t);
  symlinkSync('call.o.rtp', join(folder, 'other-name'));
  const before = readFileSync(join(folder, 'call.o.rtp'));
  for (const name of ['call.o.rtp', './call.o.rtp', 'other-name']) {
    const { code, stderr } = await run(...LINEAR, 'call', name);
    deepEqual([code, stderr], [1, `extractaudio: ${name}: the output is the recording itself; expected another file\n`]);
  }
  deepEqual(readFileSync(join(folder, 'call.o.rtp')), before);
  put('kept', new Uint8Array(3));
  symlinkSync('kept', join(folder, 'link'));
  equal((await run(...LINEAR, 'call', 'link')).code, 0);
  equal(soundOf(join(folder, 'kept')).channels.length, 1, 'a link stays one, and what it points to is the output');
  equal((await run(...LINEAR, 'call', '/dev/null')).code, 0);
  equal(statSync('/dev/null').isCharacterDevice(), true);
});

test('[PN-15] a pcap file with SRTP is heard with the right key, and told to be wrong with another one', async (t) => {
  const { folder, put, run } = await site(t);
  const protectedBy = (packets: Recorded[], suite: string): Uint8Array =>
    pcapFile(
      packets.map(({ payload, ...rest }) => ({
        ...rest,
        payload: protect(payload, { suite, rollover: (payload[2] ?? 0) < 128 ? 1 : 0 }),
      })),
    );
  const [alice, bob] = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'] as const;
  // Both sides begin just before their numbers wrap.
  put('a.pcap', protectedBy(answering({ firstSequence: 65_500 }), alice));
  put('b.pcap', protectedBy(originating(), bob));
  const keys = ['--alice-crypto', keySpec(alice), '--bob-crypto', keySpec(bob)];
  const heard = await run('-s', ...LINEAR, '-A', 'a.pcap', '-B', 'b.pcap', ...keys, 'out.wav');
  deepEqual([heard.code, heard.stderr], [0, 'samples decoded: O: 16000, A: 16000, written: 16000\n']);
  const { channels } = soundOf(join(folder, 'out.wav'));
  ok(toneIn(channels[0]!, 400) > 7900 && toneIn(channels[1]!, 1000) > 7900);
  const wrong = `${alice}:${'A'.repeat(40)}`;
  const unheard = await run(...LINEAR, '-A', 'a.pcap', '--alice-crypto', wrong, 'wrong.wav');
  deepEqual(
    [unheard.code, unheard.stderr],
    [
      0,
      'extractaudio: a.pcap: 100 packets skipped: not made with this key\nextractaudio: wrong.wav is not made: nothing is to be heard in the recording\n',
    ],
  );
  equal(existsSync(join(folder, 'wrong.wav')), false);
  put('plain', adHocFile(answering()));
  const plain = await run(...LINEAR, '-A', 'plain', '--alice-crypto', wrong, 'plain.wav');
  match(
    plain.stderr,
    /^extractaudio: plain: an ad-hoc recording is not protected; its key is not used\nsamples decoded: O: 0, A: 16000/,
  );
});

test('[PN-15] IPv6 recordings, -n, --rate and -i do what they say', async (t) => {
  const { folder, put, run } = await site(t);
  const overIPv6 = originating({ travelMs: (i) => (i < 50 ? 0 : 3000) }).map((packet) => ({
    ...packet,
    host: '2001:db8:0:0:0:0:0:7',
  }));
  put('b.pcap', pcapFile(overIPv6));
  equal((await run(...LINEAR, '-B', 'b.pcap', 'whole.wav')).code, 0);
  equal(soundOf(join(folder, 'whole.wav')).channels[0]!.length, 40_000);
  equal((await run('-in', '--rate', '16000', ...LINEAR, '-B', 'b.pcap', 'sound.wav')).code, 0);
  const { channels, sampleRate } = soundOf(join(folder, 'sound.wav'));
  deepEqual([sampleRate, channels[0]!.length], [16_000, 32_000]);
});
