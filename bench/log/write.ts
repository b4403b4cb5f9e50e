/**
 * How fast one thread writes the event log: `node dist/bench/log/write.js [FOLDER]`. FOLDER: on which disk; else that of temporary files.
 * Ends with 1 if a row is below the goal.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Frames } from '../../src/io/log/frames.js';
import { SegmentWriter, type SegmentWriterOptions } from '../../src/io/log/segmentWriter.js';
import type { LogRecord } from '../../src/relay/events/record.js';
import { CALL_RECORDS, SESSION_RECORD } from './records.js';

const GOAL_EVENTS_PER_SECOND = 300_000;
/** Long enough that a garbage collection or two is in it. */
const ROW_MS = 700;
const EVENTS_PER_CALL = CALL_RECORDS.reduce((sum, record) => sum + (record.kind === 'step' ? record.events.length : 0), 0);
/** Records of one command: the step and what the client was told. */
const COMMAND = 2;
/** Commands that are flushed together: one client that waits for each answer, then ever more of them. */
const BATCHES = [1, 4, 16, 64];
const SESSIONS = [1000, 5000];

type Sink = { readonly append: (record: LogRecord) => void; readonly flush: () => void };

/** Calls per second into a sink, flushed after so many commands. */
function callsPerSecond({ append, flush }: Sink, commands: number): number {
  const play = (forMs: number): number => {
    const began = performance.now();
    let calls = 0;
    let waiting = 0;
    while (performance.now() - began < forMs) {
      for (let i = 0; i < 20; i++, calls++) {
        for (const record of CALL_RECORDS) {
          append(record);
          if (++waiting < commands * COMMAND) continue;
          flush();
          waiting = 0;
        }
      }
    }
    return (calls / (performance.now() - began)) * 1000;
  };
  play(ROW_MS / 4);
  return play(ROW_MS);
}

const withoutWriting = (): Sink => {
  const frames = new Frames();
  return { append: (record) => void frames.add(record), flush: () => frames.clear() };
};

function writerIn(folder: string, snapshot: SegmentWriterOptions['snapshot']): SegmentWriter {
  const writer = new SegmentWriter({
    ...{ folder, shard: 0, shards: 1, run: Date.now(), program: 'bench', now: Date.now, snapshot },
    ...{ segmentBytes: 16 << 20, segmentAgeMs: 3_600_000 },
    setting: { ttlMs: 60_000, setupTtlMs: 60_000, independentTtl: false, network: { host: '127.0.0.1', advertised: null } },
    onError: (records, reason) => {
      throw new Error(`${records} records lost: ${reason}`);
    },
  });
  writer.begin();
  return writer;
}

const sinkOf = (writer: SegmentWriter): Sink => ({ append: (record) => writer.append(record), flush: () => writer.flush() });

/** The row of a table, and whether it is fast enough. */
function measure(name: string, sink: Sink, commands: number): boolean {
  const calls = callsPerSecond(sink, commands);
  const events = calls * EVENTS_PER_CALL;
  const cells = [
    events.toFixed(0).padStart(9),
    (1e6 / calls).toFixed(1).padStart(6),
    (calls * CALL_RECORDS.length).toFixed(0).padStart(9),
  ];
  process.stdout.write(`| ${name.padEnd(30)} | ${cells.join(' | ')} |\n`);
  return events >= GOAL_EVENTS_PER_SECOND;
}

/** How long the thread is busy with the opening of a segment: it relays nothing meanwhile. */
function measureOpening(folder: string, sessions: number): void {
  const snapshot = (): LogRecord[] => new Array(sessions).fill(SESSION_RECORD);
  writerIn(folder, snapshot).close();
  const began = performance.now();
  const writer = writerIn(folder, snapshot);
  process.stdout.write(`a segment that begins with ${sessions} sessions: ${(performance.now() - began).toFixed(1)} ms\n`);
  writer.close();
}

function measureAll(folder: string): boolean {
  process.stdout.write(`| ${'one thread'.padEnd(30)} | ${'events/s'.padStart(9)} | ${'us/call'.padStart(6)} | records/s |\n`);
  process.stdout.write(`| ${'-'.repeat(30)} | ${'-'.repeat(8)}: | ${'-'.repeat(6)}: | ${'-'.repeat(8)}: |\n`);
  const isPlainFast = measure('packed and framed only', withoutWriting(), 16);
  const areFast = BATCHES.map((commands) => {
    const writer = writerIn(join(folder, `by-${commands}`), () => []);
    const isFast = measure(`written, ${commands} command(s) a flush`, sinkOf(writer), commands);
    writer.close();
    rmSync(join(folder, `by-${commands}`), { recursive: true });
    return isFast;
  });
  for (const sessions of SESSIONS) measureOpening(join(folder, 'opening'), sessions);
  return isPlainFast && areFast.every(Boolean);
}

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'rtpbridge-log-'));
try {
  const isFast = measureAll(folder);
  process.stdout.write(`goal: ${GOAL_EVENTS_PER_SECOND} events/s in every row: ${isFast ? 'met' : 'MISSED'}\n`);
  process.exitCode = isFast ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
