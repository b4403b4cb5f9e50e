import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RECORDING_FORMS } from '../model/session/recording.js';
import { askStatus } from '../src/io/admin/client.js';
import type { Bench, RecordingRun } from './bench.js';
import { measureRelay } from './loads.js';
import { type Relay, type RunningRelay, rtpbridge } from './relays.js';

const NOTHING = { recorded: 0, unrecorded: 0 };

/** One load on our relay without recording and with every call recorded, in each form, one after the other. */
export async function measureRecording(bench: Bench): Promise<RecordingRun[]> {
  const runs: RecordingRun[] = [];
  const engine = bench.options.relays.find((name) => name !== 'rtpengine') ?? 'io_uring';
  for (let round = 1; round <= bench.options.rounds; round++) {
    runs.push(...(await measureOne(bench, rtpbridge(engine, bench.options), round, false)));
    for (const form of RECORDING_FORMS) {
      const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-recordings-'));
      const args = ['-r', folder, '-a', '--record-format', form];
      try {
        runs.push(
          ...(await measureOne(bench, rtpbridge(engine, bench.options, { name: `${engine}, ${form}`, args }), round, true)),
        );
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
  }
  return runs;
}

async function measureOne(bench: Bench, relay: Relay, round: number, isRecorded: boolean): Promise<RecordingRun[]> {
  let counted = NOTHING;
  const count = async (running: RunningRelay): Promise<void> => {
    if (isRecorded) counted = await countRecorded(running);
  };
  const run = await measureRelay(bench, relay, bench.options.recordLoad, round, count);
  if (run === null) return [];
  if (isRecorded && counted.recorded === 0) bench.complain(`${relay.name}: nothing was recorded`);
  if (counted.unrecorded > 0) bench.note(`${relay.name}: ${counted.unrecorded} packets are missing in recordings`);
  return [{ ...run, ...counted }];
}

async function countRecorded({ dataDir }: RunningRelay): Promise<typeof NOTHING> {
  const status = await askStatus(join(dataDir, 'admin.sock'));
  if (!status.ok) throw new Error(status.error);
  const sum = (name: 'packetsRecorded' | 'packetsUnrecorded'): number =>
    status.value.shards.reduce((total, shard) => total + shard[name], 0);
  return { recorded: sum('packetsRecorded'), unrecorded: sum('packetsUnrecorded') };
}
