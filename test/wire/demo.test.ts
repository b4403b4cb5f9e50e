import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseWav } from '../../src/protocol/audio/wav.js';

const RTPBRIDGE = fileURLToPath(new URL('../../src/cli/rtpbridge.js', import.meta.url));
const SPEECH = new URL('../../../src/cli/demo/', import.meta.url);
const LIMIT_MS = 40_000;
const PACKETS_A_SECOND = 50;
const BYTES_A_SECOND = 8000;

const output = mkdtempSync(join(tmpdir(), 'rtpbridge-demo-test-'));
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(output, { recursive: true, force: true });
});

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs the demo to its end. `during` is called with all that was printed, whenever something was. */
async function demo(args: readonly string[], during: (stdout: string, child: ChildProcess) => void = () => {}): Promise<Ended> {
  const child = spawn(process.execPath, [RTPBRIDGE, 'demo', ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    during(stdout, child);
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  running.delete(child);
  return { code, stdout, stderr };
}

function samplesOf(file: URL | string): Uint8Array {
  const wav = parseWav(readFileSync(file));
  assert.ok(wav.ok, wav.ok ? '' : wav.error);
  assert.deepEqual({ ...wav.value, data: null }, { encoding: 'mulaw', sampleRate: 8000, channels: 1, data: null });
  return wav.value.data;
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** The process id of the relay, once the demo has printed it. */
const relayPid = (stdout: string): number => Number(/\(process (\d+)\)/.exec(stdout)?.[1]);

test('the demo call arrives whole: exit 0, each phone heard the other bit for bit, the timeline is printed', async () => {
  const { code, stdout, stderr } = await demo(['--seconds', '1', '--output', output]);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.equal(stderr, '');

  for (const [listener, speaker] of [
    ['caller', 'callee'],
    ['callee', 'caller'],
  ] as const) {
    const said = samplesOf(new URL(`${speaker}.wav`, SPEECH)).subarray(0, BYTES_A_SECOND);
    assert.deepEqual(samplesOf(join(output, `${listener}-heard.wav`)), said);
  }

  assert.match(stdout, new RegExp(`caller to callee +${PACKETS_A_SECOND} +${PACKETS_A_SECOND} +0 .* heard as said, bit for bit`));
  assert.match(stdout, new RegExp(`callee to caller +${PACKETS_A_SECOND} +${PACKETS_A_SECOND} +0 .* heard as said, bit for bit`));
  assert.match(stdout, /RTCP sender reports: caller to callee 1 of 1, callee to caller 1 of 1/);
  assert.match(stdout, /added by the relay +-?\d+\.\d{3} ms +-?\d+\.\d{3} ms/);
  assert.match(
    stdout,
    new RegExp(`npkts_ina=${PACKETS_A_SECOND} npkts_ino=${PACKETS_A_SECOND} nrelayed=${2 * PACKETS_A_SECOND} ndropped=0`),
  );

  const call = /> U (\S+)/.exec(stdout)?.[1] ?? 'no call';
  const timeline = stdout
    .slice(stdout.indexOf('The timeline of the call'))
    .split('\n')
    .filter((line) => line.includes(` ${call} `));
  assert.match(timeline[0] ?? '', /session opened for tag caller/, stdout);
  assert.match(timeline.at(-2) ?? '', /session closed: deleted/, stdout);
  assert.match(timeline.at(-1) ?? '', /: D \S+ caller callee => 0$/, stdout);
  assert.equal(isAlive(relayPid(stdout)), false, 'the relay outlived the demo');
});

test('an interrupted demo ends with 130 and takes its relay with it', async () => {
  let interrupted = false;
  const { code, stdout, stderr } = await demo(['--seconds', '30', '--output', output], (printed, child) => {
    if (interrupted || !printed.includes('> L ')) return;
    interrupted = true;
    child.kill('SIGINT');
  });
  assert.equal(code, 130, `${stdout}\n${stderr}`);
  assert.ok(Number.isInteger(relayPid(stdout)));
  assert.equal(isAlive(relayPid(stdout)), false, 'the relay outlived the demo');
});

test('a relay that does not start is reported in one line, with the words of the relay', async () => {
  const { code, stdout, stderr } = await demo(['--engine', 'steam', '--output', output]);
  assert.equal(code, 1, stdout);
  assert.match(stderr, /^rtpbridge demo: the relay ended with 1: .*steam.*\n$/);
});

test('a wrong option of the demo is refused before anything is started', async () => {
  const before = readdirSync(output).length;
  const outcomes = await Promise.all([
    demo(['--seconds', '0', '--output', output]),
    demo(['--minutes', '1', '--output', output]),
  ]);
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    [1, 1],
  );
  assert.match(outcomes[0].stderr, /^rtpbridge demo: --seconds 0: a number from 0\.1 to 600 expected\n$/);
  assert.match(outcomes[1].stderr, /^rtpbridge demo: .*--minutes.*\n$/);
  assert.equal(readdirSync(output).length, before);
});

test('the demo explains its options', async () => {
  const { code, stdout } = await demo(['--help']);
  assert.equal(code, 0);
  for (const option of ['--engine', '--seconds', '--output', '--help']) assert.ok(stdout.includes(option), option);
});
