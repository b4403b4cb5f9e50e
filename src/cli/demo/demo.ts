import { randomInt, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildWav } from '../../protocol/audio/wav.js';
import { replayLog } from '../replay.js';
import { type Conversation, converse, loadSpeech } from './conversation.js';
import { isPerfect, measure } from './measure.js';
import { DEMO_HELP, type DemoOptions, parseDemoOptions } from './options.js';
import { freePort, Phone, TICKS_PER_MS } from './phone.js';
import { type RelayProcess, startRelay } from './relayProcess.js';
import { latencyLines, mediaLines } from './report.js';
import { mediaAddressOf, SipProxy } from './sipProxy.js';

const HOST = '127.0.0.1';
const FROM_TAG = 'caller';
const TO_TAG = 'callee';
/** Below the ports that the system hands out and that the phones take. The relay skips those in use. */
const MEDIA_PORTS = { lowest: 20_000, highest: 32_000, count: 100 } as const;
const EXIT_INTERRUPTED = 130;

/**
 * `rtpbridge demo`: places a call through a relay started for it, and prints what became of it. Resolves to the exit code: 0 only
 * if all packets arrived and both sides heard exactly what was said; 130 if interrupted. Leaves no process and no socket behind.
 */
export async function runDemo(argv: readonly string[]): Promise<number> {
  const options = parseDemoOptions(argv);
  if (!options.ok) {
    console.error(`rtpbridge demo: ${options.error}`);
    return 1;
  }
  if (options.value === 'help') {
    console.log(DEMO_HELP);
    return 0;
  }
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await demonstrate(options.value, interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) {
      console.error('rtpbridge demo: interrupted, the relay was ended');
      return EXIT_INTERRUPTED;
    }
    console.error(`rtpbridge demo: ${error instanceof Error ? error.message : error}`);
    return 1;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

async function demonstrate(options: DemoOptions, signal: AbortSignal): Promise<number> {
  const callerSpeech = await loadSpeech('caller', options.seconds);
  const calleeSpeech = await loadSpeech('callee', options.seconds);
  const dataDir = join(options.output, `event-log-${new Date().toISOString().replace(/[:.]/g, '')}`);
  await mkdir(dataDir, { recursive: true });
  const call = `demo-${randomUUID()}`;
  const controlPort = await freePort(HOST);

  console.log(`A call of ${options.seconds} s: two phones, one relay, G.711 µ-law, 20 ms a packet.\n`);
  const relay = await startRelay(serveArguments(options, controlPort, dataDir), signal);
  try {
    print(`The relay (process ${relay.pid}) says`, relay.greeting);
    const phones: Phone[] = [];
    try {
      for (const name of ['caller', 'callee', 'direct', 'direct']) phones.push(await Phone.open(name, HOST));
      const [caller, callee, near, far] = phones as [Phone, Phone, Phone, Phone];
      const conversation = { caller, callee, callerSpeech, calleeSpeech, direct: [near, far] } as const;
      const query = await placeCall(call, conversation, controlPort, signal);
      const perfect = await present(conversation, query, options.output);
      const explained = await closeAndReplay(relay, dataDir, call);
      console.log(
        perfect
          ? 'Every packet arrived, and each phone heard exactly what the other one said.'
          : 'The call was NOT perfect: see above.',
      );
      return perfect && explained ? 0 : 1;
    } finally {
      for (const phone of phones) phone.close();
    }
  } finally {
    await relay.end();
  }
}

function serveArguments({ engine }: DemoOptions, controlPort: number, dataDir: string): string[] {
  const lowest = randomInt(MEDIA_PORTS.lowest / 2, (MEDIA_PORTS.highest - MEDIA_PORTS.count) / 2) * 2;
  const args = ['-s', `udp:${HOST}:${controlPort}`, '-l', HOST, '--data-dir', dataDir];
  args.push('-m', String(lowest), '-M', String(lowest + MEDIA_PORTS.count - 1));
  return engine === null ? args : [...args, '--engine', engine];
}

/** Sets the call up, lets it happen, asks the relay what it counted, and ends it, as a SIP proxy would. Answers those counts. */
async function placeCall(call: string, conversation: Conversation, controlPort: number, signal: AbortSignal): Promise<string> {
  const { caller, callee, direct } = conversation;
  const proxy = await SipProxy.open(HOST, controlPort);
  const ask = async (command: string) => {
    console.log(`  > ${command}`);
    const reply = await proxy.ask(command, signal);
    console.log(`  < ${reply}`);
    return reply;
  };
  try {
    console.log('The SIP proxy asks for ports, the phones talk, the SIP proxy hangs up');
    const facingCallee = mediaAddressOf(await ask(`U ${call} ${HOST} ${caller.port} ${FROM_TAG}`));
    const facingCaller = mediaAddressOf(await ask(`L ${call} ${HOST} ${callee.port} ${FROM_TAG} ${TO_TAG}`));
    await caller.dial(facingCaller.host, facingCaller.port);
    await callee.dial(facingCallee.host, facingCallee.port);
    await direct[0].dial(HOST, direct[1].port);
    await direct[1].dial(HOST, direct[0].port);
    await converse(conversation, signal);
    const query = await ask(`Qv ${call} ${FROM_TAG} ${TO_TAG}`);
    await ask(`D ${call} ${FROM_TAG} ${TO_TAG}`);
    return query;
  } finally {
    proxy.close();
  }
}

/** Saves what was heard and prints what was measured. Answers whether nothing was lost or changed. */
async function present(conversation: Conversation, query: string, output: string): Promise<boolean> {
  const { caller, callee, callerSpeech, calleeSpeech, direct } = conversation;
  const there = measure(caller, callee, callerSpeech);
  const back = measure(callee, caller, calleeSpeech);
  const baseline = measure(direct[0], direct[1], callerSpeech);
  const recordings: string[] = [];
  for (const phone of [caller, callee]) {
    const path = join(output, `${phone.name}-heard.wav`);
    await writeFile(path, buildWav({ encoding: 'mulaw', sampleRate: TICKS_PER_MS * 1000, channels: 1, data: phone.heard() }));
    recordings.push(`${phone.name}: ${path}`);
  }
  console.log();
  print('What became of the packets', mediaLines([there, back], baseline), '');
  print('One-way time, socket to socket', latencyLines([...there.oneWayMs, ...back.oneWayMs], baseline.oneWayMs), '');
  print('The relay counted (Qv)', [query]);
  print('What each phone heard', recordings);
  return isPerfect(there) && isPerfect(back);
}

/** Ends the relay, so that its log is complete, and prints the call as the log tells it. Answers whether both went well. */
async function closeAndReplay(relay: RelayProcess, dataDir: string, call: string): Promise<boolean> {
  const code = await relay.end();
  console.log(`The timeline of the call, read back from ${dataDir}`);
  const replayed = await replayLog(dataDir, { call, write: (line) => console.log(`  ${line}`) });
  console.log();
  if (code !== 0) console.error(`rtpbridge demo: the relay ended with ${code}: 0 expected`);
  if (replayed !== 0) console.error(`rtpbridge demo: reading the event log back ended with ${replayed}: 0 expected`);
  return code === 0 && replayed === 0;
}

function print(title: string, lines: readonly string[], indent = '  '): void {
  console.log([title, ...lines.map((line) => indent + line), ''].join('\n'));
}
