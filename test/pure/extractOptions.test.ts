import { deepEqual, equal, fail, match } from 'node:assert/strict';
import { test } from 'node:test';
import { type ExtractOptions, formatExtractHelp, parseExtractOptions } from '../../src/relay/tools/extractOptions.js';
import { keySpec } from '../rig/srtpSender.js';

function options(...args: string[]): ExtractOptions {
  const parsed = parseExtractOptions(args);
  if (!parsed.ok || parsed.value === 'help') fail(JSON.stringify(parsed));
  return parsed.value;
}

function refusal(...args: string[]): string {
  const parsed = parseExtractOptions(args);
  if (parsed.ok) fail(JSON.stringify(parsed));
  return parsed.error;
}

const PLAIN: ExtractOptions = {
  ...{ scan: false, deleteInputs: false, idle: false, stereo: false, keepsSilence: true, strict: false },
  ...{ answer: { path: 'r.a.rtp', srtp: null }, originate: { path: 'r.o.rtp', srtp: null }, output: 'out.wav', links: [] },
  ...{ fileFormat: 'wav', dataFormat: 'gsm610', sampleRate: 8000 },
};

test('[PN-15] RDIR stands for both recordings; what follows the output are further names of it', () => {
  deepEqual(options('r', 'out.wav'), PLAIN);
  deepEqual(options('r', 'out.wav', 'one', 'two'), { ...PLAIN, links: ['one', 'two'] });
});

test('[PN-15] letters may be clustered, with a value glued on or behind, and may follow the names', () => {
  const all = {
    deleteInputs: true,
    idle: true,
    stereo: true,
    keepsSilence: false,
    strict: true,
    dataFormat: 'ms_adpcm',
  } as const;
  for (const args of ['-dsine r out.wav', '-d -i r -s -n -e out.wav', '--delete --idle --stereo --no_sync --strict r out.wav']) {
    deepEqual(options(...args.split(' ')), { ...PLAIN, ...all }, args);
  }
  const formats = { stereo: true, fileFormat: 'aiff', dataFormat: 'pcm_16' } as const;
  for (const args of [
    '-F aiff -sDPCM_16 r out.wav',
    '-sFAIFF r -D pcm_16 out.wav',
    '--file=aiff --data-format Pcm_16 -s r out.wav',
  ]) {
    deepEqual(options(...args.split(' ')), { ...PLAIN, ...formats }, args);
  }
  deepEqual(options('--rate', '16000', '--', '-r', '-o'), {
    ...{ ...PLAIN, output: '-o', sampleRate: 16_000 },
    ...{ answer: { path: '-r.a.rtp', srtp: null }, originate: { path: '-r.o.rtp', srtp: null } },
  });
});

test('[PN-15] with -A or -B the files have names of their own, and keys', () => {
  deepEqual(options('-A', 'a.pcap', 'out.wav', 'link'), {
    ...{ ...PLAIN, links: ['link'] },
    ...{ answer: { path: 'a.pcap', srtp: null }, originate: null },
  });
  const { answer, originate } = options(
    '-Aa',
    '-Bb',
    '--alice-crypto',
    keySpec(),
    '--bob-crypto',
    keySpec('AES_CM_128_HMAC_SHA1_32'),
    'o',
  );
  deepEqual([answer?.path, answer?.srtp?.tagBytes, originate?.path, originate?.srtp?.tagBytes], ['a', 10, 'b', 4]);
  equal(options('r', 'o', '--alice-crypto', keySpec()).answer?.srtp?.tagBytes, 10);
});

test('[PN-15] scanning takes no output', () => {
  const { answer, output, scan } = options('-S', 'r');
  deepEqual([answer?.path, output, scan], ['r.a.rtp', null, true]);
  deepEqual(options('-S', '-B', 'x').originate?.path, 'x');
  equal(refusal('-S', 'r', 'out'), "'out': expected nothing more with -S");
  equal(refusal('-S', '-A', 'x', 'r'), "'r': expected nothing more with -S");
  equal(refusal('-S'), 'expected RDIR');
});

test('[PN-15] what is wrong is named in one line, with what was expected', () => {
  equal(refusal(), 'expected RDIR and OUTFILE');
  equal(refusal('r'), 'expected RDIR and OUTFILE');
  equal(refusal('-A', 'x'), 'expected OUTFILE');
  equal(refusal('-sx', 'r', 'o'), "'-x': no such option");
  equal(refusal('--nothing', 'r', 'o'), "'--nothing': no such option");
  equal(refusal('--d', 'r', 'o'), "'--d': expected one of --delete, --data-format");
  equal(refusal('--stereo=1', 'r', 'o'), '--stereo=1: expected no value');
  equal(refusal('r', 'o', '-F'), '-F: expected NAME behind it');
  match(refusal('-F', 'mp3', 'r', 'o'), /^-F: file format "mp3": one of wav, aiff, /);
  match(refusal('-D', 'pcm_8', 'r', 'o'), /^-D: data format "pcm_8": one of pcm_s8, /);
  equal(refusal('--rate', '44100', 'r', 'o'), '--rate: 44100: 8000 or 16000 expected');
  equal(
    refusal('--alice-crypto', 'x', 'r', 'o'),
    '--alice-crypto: expected SUITE:KEY, a crypto suite and 40 characters of base64',
  );
});

test('[PN-15] the help is given wherever it is asked for, and names every option and format', () => {
  for (const args of [['--help'], ['-s', '--help', 'r']]) deepEqual(parseExtractOptions(args), { ok: true, value: 'help' });
  const help = formatExtractHelp();
  for (const flag of ['-d', '-i', '-s', '-n', '-e', '-S', '-A', '-B', '-F', '-D', '--alice-crypto', '--bob-crypto', '--rate']) {
    match(help, new RegExp(`^ .*${flag}\\b`, 'm'));
  }
  for (const name of ['mpc2k', 'rf64', 'vox_adpcm', 'opus']) match(help, new RegExp(`\\b${name}\\b`));
});
