/** R, C into a file and N: what the recorder is told, and which packets it gets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordingForm } from '../../model/session/recording.js';
import type { RecorderOrder } from '../../src/relay/recording/orders.js';
import type { PureRelay } from '../property/pureRelay.js';
import { relayOf, Talk } from './pureTalk.js';

type Taken = { readonly recording: number; readonly stream: number; readonly bytes: Uint8Array };

class Recorder {
  readonly orders: RecorderOrder[] = [];
  readonly taken: Taken[] = [];
  hasRoom = true;

  readonly order = (order: RecorderOrder): void => {
    this.orders.push(order);
  };

  readonly packet = (
    recording: number,
    stream: number,
    _atMs: number,
    _words: Uint32Array,
    _source: number,
    bytes: Uint8Array,
    start: number,
    length: number,
  ): boolean => {
    if (this.hasRoom) this.taken.push({ recording, stream, bytes: bytes.slice(start, start + length) });
    return this.hasRoom;
  };

  /** What was ordered since it was last asked. */
  heard(): RecorderOrder[] {
    return this.orders.splice(0);
  }

  streams(): number[] {
    return this.taken.splice(0).map(({ stream }) => stream);
  }
}

function scene({ form = 'ad-hoc', all = false }: { form?: RecordingForm; all?: boolean } = {}, recordRtcp = true) {
  const recorder = new Recorder();
  const relay = relayOf({ recorder, setting: { recording: { form, all } }, options: { recordRtcp } });
  return { recorder, relay, talk: new Talk(relay, 'c') };
}

/** What stays the same whatever the numbers are. */
const briefly = (orders: readonly RecorderOrder[]) =>
  orders.map((order) =>
    order.kind === 'open' ? `open ${order.sides.join('+')} ${order.form}${order.single ? ' single' : ''}` : order.kind,
  );

const recordings = (relay: PureRelay) => [...relay.shard.directory.all()].flatMap(({ snapshot }) => snapshot.context.recordings);

test('[KC-09 KM-74] R records what both sides send, RTP and RTCP, until the call ends', () => {
  const { recorder, relay, talk } = scene();
  assert.equal(relay.send('R c f t'), '0');
  const [open] = recorder.heard();
  assert.ok(open?.kind === 'open');
  assert.deepEqual([open.place.call, open.tag, open.name, open.files, open.rtcp], ['c', 'f', null, [], true]);
  assert.deepEqual(
    open.locals.map((local) => local?.port),
    [talk.ports.caller, talk.ports.caller + 1, talk.ports.callee, talk.ports.callee + 1],
  );
  const said = talk.nextRtp('caller');
  talk.speak('caller', said);
  assert.deepEqual(recorder.taken[0]?.bytes, said);
  talk.speak('callee');
  talk.report('caller');
  talk.report('callee');
  assert.deepEqual(recorder.streams(), [0, 2, 1, 3]);
  assert.equal(relay.shard.counters.shard('packetsRecorded'), 4);
  assert.equal(relay.shard.counters.shard('recordingsOpen'), 1);
  assert.equal(relay.send('D c f'), '0');
  assert.deepEqual(briefly(recorder.heard()), ['close']);
  assert.equal(relay.shard.counters.shard('recordingsOpen'), 0);
});

test('R again is no error and changes nothing; N of one side leaves the other, and N of the other ends it', () => {
  const { recorder, relay, talk } = scene();
  assert.equal(relay.send('N c f t'), 'E50');
  assert.equal(relay.send('R c f t'), '0');
  assert.equal(relay.send('R c t f'), '0');
  assert.deepEqual(briefly(recorder.heard()), ['open caller+callee ad-hoc']);
  assert.equal(relay.send('N c f t'), '0');
  assert.deepEqual(briefly(recorder.heard()), ['open callee ad-hoc', 'narrow']);
  talk.speak('caller');
  talk.speak('callee');
  assert.deepEqual(recorder.streams(), [2]);
  assert.equal(relay.send('N c f t'), 'E50');
  assert.equal(relay.send('Na c f t'), '0');
  assert.deepEqual(briefly(recorder.heard()), ['close']);
  assert.equal(relay.send('R c f t'), '0');
  assert.deepEqual(
    recordings(relay).map(({ id }) => id),
    [2],
    'a recording has a number of its own',
  );
});

test('without -r R is refused with E50 and a copy into a file with E65, a call that is not there with E50', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c');
  assert.equal(relay.send('R c f t'), 'E50');
  assert.equal(relay.send('C c name f t'), 'E65');
  assert.equal(talk.speak('caller').length, 1);
  const recording = scene();
  assert.equal(recording.relay.send('R other f t'), 'E50');
  assert.equal(recording.relay.send('C other name f t'), 'E50');
});

test('[SY-17] C into a file records the side whose tag comes first, under that name, besides R', () => {
  const { recorder, relay, talk } = scene();
  assert.equal(relay.send('C c take-1 f t'), '0');
  assert.equal(relay.send('C c take-1 f t'), '0');
  assert.equal(relay.send('C c take-1 t f'), '0');
  assert.equal(relay.send('Cp c take-2 f t'), 'E65', 'a file has no port');
  assert.equal(relay.send('R c f'), '0');
  assert.deepEqual(briefly(recorder.heard()), ['open caller ad-hoc', 'open callee ad-hoc', 'open caller+callee ad-hoc']);
  talk.speak('caller');
  assert.deepEqual(recorder.streams(), [0, 0]);
});

test('s means one file for all streams where pcap is written, and nothing elsewhere', () => {
  const pcap = scene({ form: 'pcap' });
  assert.equal(pcap.relay.send('Rs c f t'), '0');
  assert.equal(pcap.relay.send('Rs c f t'), 'E50');
  assert.equal(pcap.relay.send('Cs c one f t'), '0');
  assert.equal(pcap.relay.send('Cs c one f t'), 'E65');
  assert.deepEqual(briefly(pcap.recorder.heard()), ['open caller+callee pcap single', 'open caller+callee pcap single']);
  const plain = scene();
  assert.equal(plain.relay.send('Rs c f t'), '0');
  assert.equal(plain.relay.send('Rs c f t'), '0');
  assert.deepEqual(briefly(plain.recorder.heard()), ['open caller+callee ad-hoc']);
});

test('a WAV file has both sides, whoever is named', () => {
  const { recorder, relay } = scene({ form: 'wav' });
  assert.equal(relay.send('C c one f t'), '0');
  assert.equal(relay.send('C c one t f'), '0');
  assert.deepEqual(briefly(recorder.heard()), ['open caller+callee wav']);
});

test('with -a every session is recorded from its beginning, and the recorder learns where it stands when its second leg opens', () => {
  const { recorder, relay, talk } = scene({ form: 'pcap', all: true });
  const orders = recorder.heard();
  assert.deepEqual(briefly(orders), ['open caller+callee pcap single', 'open caller+callee pcap single']);
  const locals = orders.map((order) => (order.kind === 'open' ? order.locals.map((local) => local?.port ?? null) : []));
  assert.deepEqual(locals, [
    [null, null, talk.ports.callee, talk.ports.callee + 1],
    [talk.ports.caller, talk.ports.caller + 1, talk.ports.callee, talk.ports.callee + 1],
  ]);
  relay.send('U c 192.0.2.9 4000 f');
  assert.deepEqual(recorder.heard(), [], 'an update is no new session');
});

test('with -R RTCP is left out', () => {
  const { recorder, relay, talk } = scene({}, false);
  relay.send('R c f t');
  talk.report('caller');
  talk.speak('caller');
  assert.deepEqual(recorder.streams(), [0]);
});

test('what the recorder has no room for is counted, and relayed all the same', () => {
  const { recorder, relay, talk } = scene();
  relay.send('R c f t');
  recorder.hasRoom = false;
  assert.equal(talk.speak('caller').length, 1);
  recorder.hasRoom = true;
  talk.speak('caller');
  assert.equal(relay.shard.counters.shard('packetsUnrecorded'), 1);
  assert.equal(relay.shard.counters.shard('packetsRecorded'), 1);
});

for (const keepsCounters of [true, false])
  test(`when ${keepsCounters ? 'its thread' : 'the relay'} has died, a call goes on to be recorded in the same files`, () => {
    const { recorder, relay, talk } = scene();
    relay.send('R c f t');
    const [session] = relay.shard.directory.all();
    relay.shard.command(session!, { type: 'NameRecording', recording: 1, files: ['c=f.o.rtp', 'c=f.a.rtp'] });
    recorder.heard();
    relay.crash(keepsCounters, 100);
    const [open] = recorder.heard();
    assert.ok(open?.kind === 'open');
    assert.deepEqual([open.place.id, open.files], [1, ['c=f.o.rtp', 'c=f.a.rtp']]);
    talk.speak('callee');
    assert.deepEqual(recorder.streams(), [2]);
    assert.equal(relay.shard.counters.shard('recordingsOpen'), 1);
    assert.equal(relay.send('Na c f t'), '0');
  });

test('when the recorder has died, it is told again what is recorded', () => {
  const { recorder, relay, talk } = scene();
  relay.send('R c f t');
  recorder.heard();
  relay.shard.recorders.repeat();
  assert.deepEqual(briefly(recorder.heard()), ['open caller+callee ad-hoc']);
  talk.speak('caller');
  assert.deepEqual(recorder.streams(), [0], 'once');
});
