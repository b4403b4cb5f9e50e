import { raiseFileLimit } from '../src/io/sys/resourceLimit.js';
import { type Bench, DIRECT, PPS_PER_CALL, type Results, WARMUP_CALLS } from './bench.js';
import { measureCallRates, measureCommandRates } from './calls.js';
import { measureCollections } from './gc.js';
import { type GeneratorProcess, startGeneratorProcess } from './generatorProcess.js';
import { goalsOf } from './goals.js';
import { measureLoads } from './loads.js';
import { ngGoals } from './ng/figures.js';
import { measureNg } from './ng/section.js';
import { helpText, type Options, parseOptions, type Section } from './options.js';
import { measureRecording } from './recording.js';
import { findRelays, stopAll } from './relays.js';
import { reportText } from './report.js';
import { describeMachine, writeResults } from './results.js';
import { measureRss } from './rss.js';

const SPARE_FILES = 500;
const FILES_PER_CALL = 4;

/**
 * Makes room for the sockets of the largest relay, which inherits our limit: four a call. Where the system does not let us, the memory
 * section makes do with fewer sessions; `note` says so.
 */
function fitToFileLimit(options: Options, note: (line: string) => void): Options {
  const wants = (section: Section): boolean => options.sections.includes(section);
  const standing = [
    ...(wants('load') ? options.loads.map((pps) => pps / PPS_PER_CALL) : []),
    ...(wants('recording') ? [options.recordLoad / PPS_PER_CALL] : []),
    ...(wants('calls') || wants('ng') ? [options.calls] : []),
    ...(wants('rss') ? options.rssCalls : []),
  ];
  const needed = SPARE_FILES + FILES_PER_CALL * (WARMUP_CALLS + Math.max(0, ...standing));
  const { soft } = raiseFileLimit(needed);
  if (soft >= needed) return options;
  const room = Math.floor((soft - SPARE_FILES) / FILES_PER_CALL) - WARMUP_CALLS;
  note(`a process may have ${soft} files open here, enough for ${room} calls; ${needed} files were wanted`);
  return { ...options, rssCalls: [...new Set(options.rssCalls.map((calls) => Math.min(calls, room)))] };
}

async function measureAll(bench: Bench): Promise<Results> {
  const wanted = (section: Section): boolean => bench.options.sections.includes(section);
  return {
    loads: wanted('load') ? await measureLoads(bench) : [],
    recording: wanted('recording') ? await measureRecording(bench) : [],
    control: [
      ...(wanted('calls') ? await measureCallRates(bench) : []),
      ...(wanted('commands') ? await measureCommandRates(bench) : []),
    ],
    ng: wanted('ng') ? await measureNg(bench) : [],
    rss: wanted('rss') && !bench.options.smoke ? await measureRss(bench) : [],
    gc: wanted('gc') && !bench.options.smoke ? await measureCollections(bench) : [],
  };
}

/** Measures what was asked. Answers the exit code: 1 if a relay failed, or, in a smoke run, if a packet or a call was lost. */
async function compare(asked: Options, generator: GeneratorProcess): Promise<number> {
  const began = new Date();
  const machine = describeMachine();
  const notes: string[] = [];
  const options = fitToFileLimit(asked, (line) => notes.push(line));
  const { relays, missing } = findRelays(options);
  const complaints: string[] = [];
  const bench: Bench = {
    options,
    relays,
    generator,
    unavailable: new Set(),
    say: (line) => console.error(line),
    note: (line) => notes.push(line),
    complain: (line) => {
      complaints.push(line);
      console.error(`FAILED ${line}`);
    },
  };
  console.log(
    `${machine.processor}, ${machine.processors} processors, kernel ${machine.kernel}, Node ${machine.node}, ` +
      `rtpengine ${machine.rtpengine ?? 'not installed'}\n` +
      `rtpbridge with ${options.workers} media thread(s); 172-byte packets, 50 a second per stream, two streams a call, ` +
      `up to ${options.batch} per system call of the generator; relays take turns within each load\n`,
  );
  for (const line of missing) console.log(`SKIPPED ${line}\n`);
  const results = await measureAll(bench);
  if (!results.loads.some(({ relay }) => relay !== DIRECT) && options.sections.includes('load'))
    bench.complain('no relay was measured');
  const goals = options.smoke ? [] : [...goalsOf(results, options.workers), ...ngGoals(results.ng)];
  console.log(reportText(results, goals));
  for (const line of notes) console.log(`\nNOTE ${line}`);
  const file = writeResults(
    options.out,
    { began: began.toISOString(), machine, options, notes, missing, complaints, ...results, goals },
    began,
  );
  console.log(`\n${file}`);
  for (const line of complaints) console.log(`FAILED ${line}`);
  return complaints.length > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2));
  if (!parsed.ok) {
    console.error(`bench: ${parsed.error} (--help lists the options)`);
    return 1;
  }
  if (parsed.value === 'help') {
    console.log(helpText());
    return 0;
  }
  const generator = startGeneratorProcess();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      generator.kill();
      void stopAll().finally(() => process.exit(1));
    });
  }
  try {
    return await compare(parsed.value, generator);
  } finally {
    await stopAll();
    await generator.stop();
  }
}

process.exitCode = await main();
