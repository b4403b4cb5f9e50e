/** Stories of calls, as the reader of the log tells them. */
import { type Address, callId } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import type { LogRecord, SnapshotRecord } from '../../src/relay/events/record.js';
import type { Story, ToldRecord } from '../../src/relay/events/story.js';
import { NOTIFYING, PureRelay, START_MS, settingOf } from '../property/pureRelay.js';
import { address } from './modelGiven.js';

/** When the relay of a story began. */
export const RUN = START_MS;

/** What of a log is about a call. */
export function recordsOf(call: string, records: readonly LogRecord[], { run = RUN, log = 0 } = {}): ToldRecord[] {
  const sessions = new Set<number>();
  return records.flatMap((record) => {
    if ('call' in record && record.call === callId(call) && 'session' in record) sessions.add(record.session);
    const isOfCall = 'call' in record ? record.call === call : record.kind === 'sample' && sessions.has(record.session);
    return isOfCall ? [{ record, log, run }] : [];
  });
}

export const storyOf = (call: string, records: readonly ToldRecord[], live: readonly SnapshotRecord[] = []): Story => ({
  ...{ call, records, live },
  headers: [{ shard: 0, run: RUN, startedAt: RUN, version: 3 }],
});

/** The story of a call as a relay's log tells it. */
export const storyIn = (relay: PureRelay, call: string): Story => storyOf(call, recordsOf(call, relay.log));

/** A relay that notifies, whose sessions end after a minute of silence. */
export const relayGiven = (): PureRelay => new PureRelay(settingOf(60, 60_000, 60_000), 1, NOTIFYING);

/** A packet a 20 ms from an address to a port of the relay, so many in a row, without those that get lost. */
export function talk(
  relay: PureRelay,
  from: string | Address,
  port: number,
  packets: number,
  lost: readonly number[] = [],
): void {
  const source = typeof from === 'string' ? address(from) : from;
  for (let i = 0; i < packets; i++) {
    const header = { payloadType: 0, marker: i === 0, sequence: 100 + i, timestamp: i * 160, ssrc: source.port };
    if (!lost.includes(i)) relay.arrive(relay.rowAt(port), source, buildRtp(header, new Uint8Array(160)));
    relay.advance(20);
  }
}

/** What the packet path would tell the sessions of a call. */
export function tell(relay: PureRelay, call: string, command: SessionCommand): void {
  for (const session of relay.shard.directory.all()) if (session.call === call) relay.shard.command(session, command);
}

/** The port of a reply. */
export const portIn = (reply: string): number => Number.parseInt(reply, 10);

/**
 * A call with everything: a caller behind a translator, a stranger, hold, a re-INVITE that moves the callee, digits, a question asked
 * thrice, and its end. `names`: Call-ID and tags.
 */
export function wholeCall(names: { readonly call?: string; readonly from?: string; readonly to?: string } = {}): {
  readonly relay: PureRelay;
  readonly story: Story;
} {
  const { call = 'call-1@a', from = 'alice', to = 'bob' } = names;
  const relay = relayGiven();
  const towards = portIn(relay.send(`Uc0,8,101 ${call} 10.0.0.7 4000 ${from} unix:/run/proxy T1`));
  relay.advance(1180);
  const back = portIn(relay.send(`Lc0 ${call} 203.0.113.5 6000 ${from} ${to}`));
  relay.advance(40);
  talk(relay, '198.51.100.9:31022', back, 100, [7, 8]);
  talk(relay, '203.0.113.5:6000', towards, 60);
  const stranger = address('192.0.2.66:666');
  relay.arrive(relay.rowAt(towards), stranger, Uint8Array.of(1, 2, 3));
  tell(relay, call, { type: 'NoteRefused', side: 'callee', component: 'rtp', address: stranger });
  for (let i = 0; i < 3; i++) relay.send(`S ${call} ${from} ${to}`);
  relay.send(`U ${call} 0.0.0.0 4000 ${from} ${to}`);
  relay.advance(5000);
  relay.send(`U ${call} 203.0.113.77 6100 ${to} ${from}`);
  talk(relay, '203.0.113.77:6100', towards, 50);
  relay.send(`D ${call} ${from} ${to}`);
  return { relay, story: storyIn(relay, call) };
}
