/** Damaged and forged event logs: what is not as it was written is reported, the rest is read, and nobody falls over it. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { callId, millis, udpPort } from '../../model/kernel/index.js';
import { replayLog } from '../../src/cli/replay.js';
import { packr, SEGMENT_MAGIC, SEGMENT_VERSION, segmentName } from '../../src/io/log/segment.js';
import { type LogEntry, readLog } from '../../src/io/log/segmentReader.js';
import { SegmentWriter } from '../../src/io/log/segmentWriter.js';
import { FRAME_HEADER_BYTES, writeFrame } from '../../src/protocol/events/frame.js';
import type { StepRecord } from '../../src/relay/ports.js';
import { damaged, damages, FUZZ_BOUND, search } from './budget.js';

const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-fuzz-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, segmentName(0, 1));

const NETWORK = { host: '127.0.0.1', advertised: null } as const;

/** The steps of a few calls as the relay writes them. */
function recordsOf(calls: number): StepRecord[] {
  const tally = { received: 3, relayed: 2, dropped: 1 };
  return Array.from({ length: calls }, (_, n) => {
    const at = millis(1_800_000_000_000 + n);
    const step = { at, shard: 0, call: callId(`call-${n}@\xe9\n`), session: n + 1 };
    const local = { host: '127.0.0.1', port: udpPort(10_000 + n * 2) };
    const opened = {
      type: 'SessionOpened',
      call: step.call,
      tag: 'from',
      setupTtlMs: 1000,
      ttlMs: 2000,
      independentTtl: false,
      networks: { caller: NETWORK, callee: NETWORK },
      reference: 'strong',
      at,
    } as const;
    const opening = { call: step.call, tag: 'from' };
    const signal = {
      type: 'Signal',
      side: 'caller',
      address: local,
      held: false,
      asymmetric: false,
      codecs: [0, 8],
      resizeMs: null,
      newPort: false,
      networks: null,
      notify: null,
      ttlMs: { caller: null, callee: null },
      reference: 'strong',
    } as const;
    const close = { type: 'Close', reason: 'shutdown' } as const;
    return [
      {
        ...step,
        seq: n * 2 + 1,
        command: { ...signal, opening },
        events: [opened, { type: 'LegOpened', side: 'callee', local, at }],
      },
      {
        ...step,
        seq: n * 2 + 2,
        command: close,
        events: [{ type: 'SessionClosed', reason: 'shutdown', tally: { caller: tally, callee: tally }, at }],
      },
    ] satisfies StepRecord[];
  }).flat();
}

function writeLog(records: readonly StepRecord[]): Buffer {
  rmSync(file, { force: true });
  const errors: string[] = [];
  const writer = new SegmentWriter({
    folder,
    shard: 0,
    now: () => 1_800_000_000_000,
    onError: (_, reason) => errors.push(reason),
  });
  for (const record of records) writer.append(record);
  writer.close();
  deepEqual(errors, []);
  return readFileSync(file);
}

type Read = { readonly records: StepRecord[]; readonly problems: number };

function readBack(): Read {
  const entries: LogEntry[] = [...readLog(file)];
  const records = entries.flatMap((entry) => (entry.kind === 'record' ? [entry.record] : []));
  return { records, problems: entries.filter(({ kind }) => kind === 'problem').length };
}

/** `rtpbridge replay` of the file: its exit code and what it printed. */
async function replayed(): Promise<{ readonly code: number; readonly lines: string[] }> {
  const lines: string[] = [];
  return { code: await replayLog(file, { write: (line) => lines.push(line) }), lines };
}

test('what was written is read back, word for word', async () => {
  const records = recordsOf(20);
  writeLog(records);
  deepEqual(readBack(), { records, problems: 0 });
  equal((await replayed()).code, 0);
});

test(
  'a bit that falls over anywhere in a log is reported, and only records that were written are read',
  FUZZ_BOUND,
  async (t) => {
    const records = recordsOf(4);
    const good = writeLog(records);
    await search(t, fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 7 })), async ([at, bit]) => {
      const bytes = Buffer.from(good);
      bytes[at]! ^= 1 << bit;
      writeFileSync(file, bytes);
      const read = readBack();
      ok(read.problems > 0, `byte ${at}, bit ${bit}`);
      isPartOf(read.records, records);
      equal((await replayed()).code, 1);
    });
  },
);

test('a log that is cut off is read up to there', FUZZ_BOUND, async (t) => {
  const records = recordsOf(4);
  const good = writeLog(records);
  await search(t, fc.nat({ max: good.length }), async (length) => {
    writeFileSync(file, good.subarray(0, length));
    const read = readBack();
    deepEqual(read.records, records.slice(0, read.records.length));
    ok(read.problems <= 1);
    // A cut between two records cannot be told from an end; anywhere else it is.
    if (read.problems === 0) ok(length === 0 || endsOf(good).includes(length), `cut after ${length} bytes`);
    await replayed();
  });
});

/** Where a segment may end without anybody noticing. */
function endsOf(bytes: Buffer): number[] {
  const ends = [SEGMENT_MAGIC.length];
  while (ends.at(-1)! < bytes.length) ends.push(ends.at(-1)! + FRAME_HEADER_BYTES + bytes.readUInt32LE(ends.at(-1)!));
  return ends;
}

test('a log with any damage gives only records that were written, and never an exception', FUZZ_BOUND, async (t) => {
  const records = recordsOf(4);
  const good = writeLog(records);
  await search(t, damages(), async (harm) => {
    writeFileSync(file, damaged(good, harm));
    isPartOf(readBack().records, records);
    await replayed();
  });
});

test('a log of forged records, checksums and all, is read or reported, and never an exception', FUZZ_BOUND, async (t) => {
  const header = packr.pack({ shard: 0, run: 1, startedAt: 1, version: SEGMENT_VERSION });
  const wrong = fc.oneof(fc.anything({ maxDepth: 2 }), forgedRecord());
  const bodies = fc.oneof(fc.uint8Array({ maxLength: 60 }), wrong.map(packed));
  await search(t, fc.tuple(fc.option(bodies, { freq: 4 }), fc.array(bodies, { maxLength: 4 })), ([first, rest]) => {
    writeFileSync(file, segmentOf([first ?? header, ...rest]));
    for (const { call, events, at } of readBack().records) {
      ok(typeof call === 'string' && Number.isFinite(at));
      for (const event of events) equal(typeof event.type, 'string');
    }
  });
});

/** Nearly a record: each of its parts may be right, missing or of another kind. */
function forgedRecord(): fc.Arbitrary<unknown> {
  const [record] = recordsOf(1);
  const { events, command, ...plain } = record!;
  const maybe = (good: unknown) => fc.oneof({ weight: 3, arbitrary: fc.constant(good) }, fc.anything({ maxDepth: 1 }));
  const event = fc.oneof(
    maybe(events[0]),
    fc.record({ type: fc.constantFrom('LegOpened', 'SessionClosed', 'RemoteLatched', 'toString'), at: maybe(1) }),
  );
  return fc.record(
    {
      ...Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, maybe(value)])),
      command: maybe(command),
      events: fc.oneof(maybe(events), fc.array(event, { maxLength: 3 })),
      refusal: maybe('no-free-port'),
    },
    { requiredKeys: [] },
  );
}

/** MessagePack of anything; what it cannot express becomes nothing. */
function packed(value: unknown): Uint8Array {
  try {
    return Uint8Array.from(packr.pack(value));
  } catch {
    return new Uint8Array();
  }
}

function segmentOf(bodies: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_MAGIC.length + bodies.reduce((sum, body) => sum + FRAME_HEADER_BYTES + body.length, 0));
  bytes.set(Buffer.from(SEGMENT_MAGIC, 'latin1'));
  bodies.reduce((at, body) => writeFrame(bytes, at, body), SEGMENT_MAGIC.length);
  return bytes;
}

/** Every record read was written, and the order is the one in which they were. Damage may double what it copies whole. */
function isPartOf(read: readonly StepRecord[], written: readonly StepRecord[]): void {
  for (const record of read) {
    const found = written.find(({ seq }) => seq === record.seq);
    deepEqual(record, found);
  }
}
