import { callId, millis, udpPort } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import type { SessionEvent } from '../../model/session/event.js';
import { INITIAL_STATE } from '../../model/session/state.js';
import type { LogRecord, NewRecord } from '../../src/relay/events/record.js';

const HOST = '127.0.0.1';
const NETWORK = { host: HOST, advertised: null };
const CALL = callId('5f3a1c77b2d94e10-a73kasLp0x@192.0.2.17');
const TAG = 'a73kasLp0x;1';
const AT = millis(1_795_230_245_678.25);
const FROM = 'udp:127.0.0.1:22222 192.0.2.5:40212 2417_19';

const address = (port: number) => ({ host: '192.0.2.17', port: udpPort(port) });
const local = (port: number) => ({ host: HOST, port: udpPort(port) });
const numbered = (record: NewRecord, i: number): LogRecord => ({ ...record, seq: 1_000_000 + i, shard: 0 });
const step = (command: SessionCommand, events: readonly SessionEvent[]): NewRecord => {
  return { kind: 'step', at: AT, call: CALL, session: 70_000, command, events };
};
const exchange = (command: string, reply: string): NewRecord => ({
  kind: 'exchange',
  at: AT,
  call: CALL,
  from: FROM,
  command,
  reply,
});

const SIGNAL = {
  type: 'Signal',
  held: false,
  asymmetric: false,
  resizeMs: null,
  newPort: false,
  networks: null,
  notify: null,
  ttlMs: { caller: null, callee: null },
  reference: 'strong',
  opening: null,
} as const;

/** What a shard writes for `U`, `L` and `D` of a call, without media: 3 steps with 8 events, 3 exchanges and a sample. */
export const CALL_RECORDS: readonly LogRecord[] = [
  step(
    {
      ...SIGNAL,
      ...{ side: 'caller', address: address(16_384), codecs: [0, 8, 101], opening: { call: CALL, tag: TAG } },
    },
    [
      {
        ...{ type: 'SessionOpened', at: AT, call: CALL, tag: TAG, setupTtlMs: 60_000, ttlMs: 60_000 },
        ...{ independentTtl: false, networks: { caller: NETWORK, callee: NETWORK }, reference: 'strong' },
      },
      { type: 'LegOpened', at: AT, side: 'callee', local: local(45_006) },
      { type: 'RemoteSignalled', at: AT, side: 'caller', address: address(16_384) },
      { type: 'CodecsOffered', at: AT, side: 'caller', codecs: [0, 8, 101] },
    ],
  ),
  exchange(`Uc0,8,101 ${CALL} 192.0.2.17 16384 ${TAG}`, '45006 127.0.0.1'),
  step({ ...SIGNAL, side: 'callee', address: address(18_384), codecs: [0, 101] }, [
    { type: 'LegOpened', at: AT, side: 'caller', local: local(45_010) },
    { type: 'RemoteSignalled', at: AT, side: 'callee', address: address(18_384) },
    { type: 'CodecsOffered', at: AT, side: 'callee', codecs: [0, 101] },
  ]),
  exchange(`Lc0,101 ${CALL} 192.0.2.17 18384 ${TAG} as6d8f7sd;1`, '45010 127.0.0.1'),
  {
    ...{ kind: 'sample' as const, at: AT, session: 70_000 },
    sample: { touchedAt: { caller: AT, callee: AT }, streams: [null, null, null, null] },
  },
  step({ type: 'Release', reference: 'strong' }, [
    {
      ...{ type: 'SessionClosed', at: AT, reason: 'deleted' },
      tally: { caller: { received: 9000, relayed: 8990, dropped: 10 }, callee: { received: 9000, relayed: 9000, dropped: 0 } },
    },
  ]),
  exchange(`D ${CALL} a73kasLp0x as6d8f7sd`, '0'),
].map(numbered);

/** A session with media on both sides as a segment begins with it. */
export const SESSION_RECORD: LogRecord = numbered(
  {
    ...{ kind: 'snapshot', at: AT, call: CALL, session: 70_000, phase: 'relaying', state: INITIAL_STATE },
    sample: {
      touchedAt: { caller: AT, callee: AT },
      streams: [0, 1, 2, 3].map((row) => ({
        counters: [9000, 1_548_000, 9000, 0, 0, AT, 0, 0],
        latch: [1, 2, 3, 4, 5, 6, 7, 8],
        analysis: row % 2 === 0 ? Array.from({ length: 24 }, (_, i) => AT / (i + 1)) : null,
      })),
    },
  },
  0,
);
