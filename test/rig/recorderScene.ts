/** The recorder in its real thread, with folders that are gone after the test and a tape to write to. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RecorderThread } from '../../src/io/recording/recorderThread.js';
import { TapeWriter, tapeBytes } from '../../src/media/recording/tape.js';
import { TapeBell } from '../../src/media/recording/tapeBell.js';
import { readAdHocHead } from '../../src/protocol/recording/adHocWriter.js';
import type { RecorderNotice, RecorderOrder } from '../../src/relay/recording/orders.js';
import { rtpPacket, tapePacket } from './recordingFolder.js';

const WORKER = new URL('../../workers/recorder.js', import.meta.url);
/** Dies when a file `die` stands in its folder. */
export const MORTAL_WORKER = new URL('mortalRecorder.js', import.meta.url);
const PATIENCE_MS = 15_000;

export function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-record-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

type Kind = RecorderNotice['kind'];

export type RecorderScene = {
  readonly thread: RecorderThread;
  readonly memory: SharedArrayBuffer;
  readonly writer: TapeWriter;
  readonly notices: RecorderNotice[];
  readonly warnings: string[];
  readonly failures: string[];
  readonly order: (order: RecorderOrder) => void;
  /** So many packets of RTP from one sequence number on, 20 ms apart. */
  readonly talk: (number: number, stream: 0 | 1 | 2 | 3, atMs: number, packets: number) => void;
  /** The notices of a kind, when there are so many. */
  readonly told: <K extends Kind>(kind: K, count?: number) => Promise<Extract<RecorderNotice, { kind: K }>[]>;
};

export async function startRecorder(
  t: TestContext,
  recordDir: string,
  spoolDir: string | null = null,
  workerFile = WORKER,
): Promise<RecorderScene> {
  const [notices, warnings, failures]: [RecorderNotice[], string[], string[]] = [[], [], []];
  const thread = await RecorderThread.start({
    ...{ workerFile, recordDir, spoolDir },
    onNotice: (notice) => notices.push(notice),
    onWarning: (text) => warnings.push(text),
    onFailure: (reason) => failures.push(reason),
  });
  t.after(() => thread.stop());
  const memory = new SharedArrayBuffer(tapeBytes(1));
  const writer = new TapeWriter(memory, new TapeBell(thread.bell));
  thread.add(0, memory);
  const order = (one: RecorderOrder): void => {
    writer.order(JSON.stringify(one));
    writer.flush();
  };
  const talk: RecorderScene['talk'] = (number, stream, atMs, packets) => {
    for (let i = 0; i < packets; i++)
      tapePacket(writer, number, stream, atMs + i * 20, rtpPacket({ sequence: i, timestamp: i * 160 }));
    writer.flush();
  };
  const told: RecorderScene['told'] = async (kind, count = 1) => {
    const found = (): RecorderNotice[] => notices.filter((notice) => notice.kind === kind);
    await until(
      () => found().length >= count,
      () => `${count} × ${kind} expected: ${JSON.stringify(notices)} ${warnings}`,
    );
    return found() as Awaited<ReturnType<RecorderScene['told']>> as never;
  };
  return { thread, memory, writer, notices, warnings, failures, order, talk, told };
}

/** Waits until something is so. */
export async function until(isSo: () => boolean, explain: () => string): Promise<void> {
  for (let waited = 0; waited < PATIENCE_MS; waited += 5) {
    if (isSo()) return;
    await delay(5);
  }
  throw new Error(explain());
}

export const namesIn = (folder: string): string[] => readdirSync(folder, 'latin1').sort();

/** How many whole ad-hoc records a file has, and whether nothing is left over. */
export function adHocRecords(path: string): { readonly records: number; readonly left: number } {
  const bytes = readFileSync(path);
  let [at, records] = [0, 0];
  while (at + 30 <= bytes.length) {
    const head = readAdHocHead(bytes, at);
    if (head === null || at + head.bytes > bytes.length) break;
    at += head.bytes;
    records++;
  }
  return { records, left: bytes.length - at };
}
