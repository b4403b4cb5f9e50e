/** The newest segment alone tells what the relay holds, whatever has befallen the files before. */
import { deepEqual, ok } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { listSegments } from '../../src/io/log/segment.js';
import { SegmentWriter } from '../../src/io/log/segmentWriter.js';
import { Fold } from '../../src/relay/events/fold.js';
import { PLAIN_WRITER, readSegmentFile } from '../rig/eventLog.js';
import { NOTIFYING, PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { act, type Deed, stories } from './stories.js';

const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-writer-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What comes between two deeds: nothing, a flush, or that and somebody who deletes the whole log before. */
type Moment = 'nothing' | 'flush' | 'turn' | 'deletion';
const moments = fc.array(fc.constantFrom<Moment>('nothing', 'flush', 'flush', 'turn', 'deletion'), {
  minLength: 1,
  maxLength: 12,
});

type Played = { readonly relay: PureRelay; readonly lost: number };

function play(path: string, story: readonly Deed[], between: readonly Moment[], segmentBytes: number): Played {
  const relay = new PureRelay(settingOf(6, 10_000, 3000), 1, NOTIFYING);
  let lost = 0;
  const writer = new SegmentWriter({
    ...{ ...PLAIN_WRITER, folder: path, segmentBytes, segmentAgeMs: 20_000 },
    now: () => relay.nowMs,
    snapshot: () => relay.shard.snapshot(),
    onError: (records) => {
      lost += records;
    },
  });
  writer.begin();
  relay.shard.records.subscribe((record) => writer.append(record));
  for (const [i, deed] of story.entries()) {
    act(relay, deed);
    const moment = between[i % between.length];
    if (moment === 'deletion') rmSync(path, { recursive: true, force: true });
    if (moment === 'flush') writer.flush();
    if (moment === 'turn') writer.turn(relay.nowMs);
  }
  // Long enough for a look at the files, and for whatever that leads to.
  for (let i = 0; i < 2; i++) {
    relay.advance(1000);
    relay.shard.write({ kind: 'vitals', at: relay.shard.now(), counters: {} });
    writer.flush();
  }
  writer.close();
  return { relay, lost };
}

test('what the newest segment tells is what the relay holds, also after segments were rolled and logs deleted', () => {
  let number = 0;
  const property = fc.property(stories, moments, fc.constantFrom(1, 5000, 1 << 20), (story, between, segmentBytes) => {
    const path = join(folder, String(number++));
    const { relay, lost } = play(path, story, between, segmentBytes);
    const segments = listSegments(path);
    const fold = new Fold();
    for (const record of readSegmentFile(segments.at(-1)!.path).records) fold.take(record);
    const held = [...relay.shard.directory.all()].map(({ session, call, snapshot }) => ({ session, call, snapshot }));
    const told = [...fold.sessions.values()].map(({ session, call, snapshot }) => ({ session, call, snapshot }));
    const byNumber = (a: { session: number }, b: { session: number }): number => a.session - b.session;
    // The chart's own snapshot has more to it than what is written.
    const plain = ({ session, call, snapshot: { value, context } }: (typeof held)[number]) => ({ session, call, value, context });
    deepEqual(told.sort(byNumber).map(plain), held.sort(byNumber).map(plain));
    if (!between.includes('deletion')) {
      const all = segments.flatMap((segment) => readSegmentFile(segment.path).records);
      deepEqual(
        all.map(({ seq }) => seq),
        all.map((_, i) => i + 1),
      );
      ok(lost === 0);
    }
    rmSync(path, { recursive: true });
  });
  fc.assert(property, { numRuns: runs(150) });
});
