/** Where the legs of a call stand, and where they send. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { udpPort } from '../../model/kernel/index.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { rangesLeft } from '../../src/relay/networks/ranges.js';
import { PortTable, portRange, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import type { OwnPorts } from '../../src/relay/portalloc/portTables.js';
import { SLOTS } from '../property/pureRelay.js';
import { address } from './modelGiven.js';
import { AUDIO, NgScene, networksOf, packetOf, placesIn, remoteOf, sdpLines, sdpOf, VIDEO } from './ngGiven.js';

const V6 = '2001:db8::1';
const NETWORKS = networksOf(
  { lan: ['127.0.0.1'], wan: ['127.0.0.2!203.0.113.7', '::1'], dmz: ['127.0.0.3'] },
  { wan: { tos: 46 }, dmz: { latching: 'asymmetric' } },
);
const scened = (): NgScene => new NgScene({ setting: { networks: NETWORKS } });
const direction = (from: string, to: string): NgDictionary => ({ direction: [from, to] });
const hostOf = (reply: NgDictionary): string | undefined => placesIn(reply['sdp'])[0]?.replace(/:\d+$/, '');
const stands = (scene: NgScene): (string | undefined)[] => [
  scene.states[0]?.legs.caller.local?.host,
  scene.states[0]?.legs.callee.local?.host,
];

test('[NG-03 NG-25] each leg stands in the network that `direction` names for its side, and is advertised as that says', () => {
  const scene = scened();
  assert.equal(hostOf(scene.offer('192.0.2.1', 4000, direction('lan', 'wan'))), '203.0.113.7');
  assert.equal(hostOf(scene.answer('192.0.2.2', 5000)), '127.0.0.1');
  assert.deepEqual(stands(scene), ['127.0.0.1', '127.0.0.2']);
  assert.deepEqual(scene.state.dialogue?.networks, { caller: 'lan', callee: 'wan' });
});

test('[NG-25] the same by `from-interface` and `to-interface`; a re-INVITE of either side needs not say it again', () => {
  const scene = scened();
  const first = scene.offer('192.0.2.1', 4000, { 'from-interface': 'dmz', 'to-interface': 'lan' });
  scene.answer('192.0.2.2', 5000);
  assert.deepEqual(stands(scene), ['127.0.0.3', '127.0.0.1']);
  assert.deepEqual(placesIn(scene.reoffer('192.0.2.1', 4000)['sdp']), placesIn(first['sdp']));
  assert.equal(hostOf(scene.reoffer('192.0.2.2', 5000, {}, 'bob')), '127.0.0.3');
  const more = sdpLines('192.0.2.1', [AUDIO(4000), VIDEO(4002)]);
  assert.deepEqual(
    placesIn(scene.reoffer('', 0, { sdp: more })['sdp']).map((place) => place.split(':')[0]),
    ['127.0.0.1', '127.0.0.1'],
    'a line that is added stands where the others do',
  );
});

test('[NG-07 NG-25] an INVITE that failed and goes on to somebody in another network gets a port there, with every line', () => {
  for (const early of [false, true]) {
    const scene = scened();
    const lines = sdpLines('192.0.2.1', [AUDIO(4000), VIDEO(4002)]);
    const first = scene.offer('', 0, { ...direction('lan', 'dmz'), sdp: lines });
    assert.equal(hostOf(first), '127.0.0.3');
    // A phone that rings with early media, and then refuses.
    if (early) scene.answer('', 0, { sdp: sdpLines('192.0.2.2', [AUDIO(5000), VIDEO(5002)]) });
    const next = scene.offer('', 0, { ...direction('lan', 'wan'), sdp: lines });
    assert.deepEqual(
      placesIn(next['sdp']).map((place) => place.split(':')[0]),
      ['203.0.113.7', '203.0.113.7'],
    );
    assert.equal(scene.relay.heldPairs(), early ? 4 : 2, 'those before are free again');
    for (const { legs, dialogue } of scene.states) {
      assert.equal(legs.callee.local?.host, '127.0.0.2');
      assert.deepEqual(dialogue?.networks, { caller: 'lan', callee: 'wan' });
      assert.equal(legs.callee.rtp.address, null, 'the one before is sent nothing any more');
      assert.equal(scene.relay.engine.tos.get(scene.relay.rowAt(legs.callee.local?.port ?? 0)), 46);
    }
    assert.deepEqual(scene.offer('', 0, { ...direction('lan', 'wan'), sdp: lines }), next, 'the same again');
    assert.deepEqual(scene.offer('', 0, { sdp: lines }), next, 'it need not be said again');
    const answered = scene.answer('', 0, { 'to-tag': 'carol', sdp: sdpLines('192.0.2.3', [AUDIO(6000), VIDEO(6002)]) });
    assert.equal(hostOf(answered), '127.0.0.1');
    assert.equal(remoteOf(scene.states[0], 'callee'), '192.0.2.3:6000');
    assert.equal(remoteOf(scene.states[1], 'callee'), '192.0.2.3:6002');
    scene.delete({ 'to-tag': 'carol', 'delete-delay': 0 });
    assert.equal(scene.relay.heldPairs(), 0);
  }
});

test('[NG-07 NG-25] it may go on to another family of the same network, and a line that it brings stands there, too', () => {
  const scene = scened();
  scene.offer('192.0.2.1', 4000, direction('lan', 'wan'));
  const more = { ...direction('lan', 'wan'), 'address-family': 'IP6', sdp: sdpLines('192.0.2.1', [AUDIO(4000), VIDEO(4002)]) };
  const next = scene.offer('', 0, more);
  assert.deepEqual(
    placesIn(next['sdp']).map((place) => place.replace(/:\d+$/, '')),
    ['::1', '::1'],
  );
  assert.deepEqual(
    scene.states.map(({ legs }) => legs.callee.local?.host),
    ['::1', '::1'],
  );
});

test('[NG-05 NG-25] a re-INVITE that names another network moves nothing, nor does one that nobody knows', () => {
  const scene = scened();
  scene.offer('192.0.2.1', 4000, direction('lan', 'wan'));
  const before = scene.states;
  assert.match(String(scene.offer('192.0.2.1', 4000, direction('lan', 'moon'))['error-reason']), /no network is called moon/);
  assert.deepEqual(scene.states, before);
  scene.answer('192.0.2.2', 5000);
  const answered = stands(scene);
  assert.equal(hostOf(scene.reoffer('192.0.2.1', 4400, direction('lan', 'dmz'))), '203.0.113.7');
  scene.reanswer('192.0.2.2', 5000);
  assert.deepEqual(stands(scene), answered);
});

test('an INVITE that goes on where no port is left stays open for another try', () => {
  const scene = scened();
  scene.offer('192.0.2.1', 4000, direction('lan', 'wan'));
  for (let n = 0; scene.offer('192.0.2.1', 4000, { 'call-id': `other-${n}` })['result'] === 'ok'; n++);
  const refused = scene.offer('192.0.2.1', 4000, direction('lan', 'dmz'));
  assert.equal(refused['result'], 'error');
  assert.deepEqual(scene.states[0]?.dialogue?.networks, { caller: 'lan', callee: 'wan' });
  scene.ask({ command: 'delete', 'call-id': 'other-0' });
  assert.equal(hostOf(scene.offer('192.0.2.1', 4000, direction('lan', 'dmz'))), '127.0.0.3');
});

test('[NG-25] a network that nobody knows is named with those that there are, and nothing is opened', () => {
  const scene = scened();
  const reply = scene.offer('192.0.2.1', 4000, direction('lan', 'moon'));
  assert.equal(reply['error-reason'], 'no network is called moon: there are lan, wan, dmz');
  assert.deepEqual([scene.states, scene.relay.heldPairs()], [[], 0]);
});

test('[NG-25] IPv4 and IPv6 are bridged where `address-family` asks for it, or the network has nothing else', () => {
  const scene = scened();
  const offered = scene.offer('192.0.2.1', 4000, { ...direction('lan', 'wan'), 'address-family': 'IP6' });
  assert.equal(hostOf(offered), '::1');
  assert.match(String(offered['sdp']), /c=IN IP6 ::1/);
  assert.equal(hostOf(scene.answer(V6, 5000)), '127.0.0.1');
  const up = scened();
  assert.equal(hostOf(up.offer(V6, 4000, direction('wan', 'lan'))), '127.0.0.1', 'lan has IPv4 only');
  assert.equal(stands(up)[1], '127.0.0.1');
  up.answer('192.0.2.2', 5000);
  assert.deepEqual(stands(up), ['::1', '127.0.0.1']);
  const none = scened().offer('192.0.2.1', 4000, { ...direction('lan', 'dmz'), 'address-family': 'IP6' });
  assert.equal(none['error-reason'], 'network dmz has no IPv6 address');
});

test('[NG-25] who offers gets the family it speaks: by its description, or by where the message came from', () => {
  const scene = scened();
  const more = { ...direction('wan', 'lan'), flags: ['SIP-source-address'], 'received-from': ['IP6', V6] };
  scene.offer('192.0.2.1', 4000, more);
  scene.answer('192.0.2.2', 5000);
  assert.equal(stands(scene)[0], '::1');
  assert.equal(remoteOf(scene.states[0], 'caller'), `[${V6}]:4000`);
});

test('an endpoint that comes back with another family gets a leg of that family when it is answered; a failure leaves it alone', () => {
  const scene = scened();
  scene.offer('192.0.2.1', 4000, direction('wan', 'lan'));
  scene.answer('192.0.2.2', 5000);
  const before = scene.state;
  scene.reoffer(V6, 4400);
  scene.delete({ 'to-tag': 'bob', 'sip-message-type': 'sip_reply' });
  assert.deepEqual(scene.state, before);
  scene.reoffer(V6, 4400);
  assert.deepEqual(stands(scene), ['127.0.0.2', '127.0.0.1']);
  const answered = scene.reanswer('192.0.2.2', 5000);
  assert.equal(hostOf(answered), '::1');
  assert.deepEqual(stands(scene), ['::1', '127.0.0.1']);
  assert.equal(remoteOf(scene.state, 'caller'), `[${V6}]:4400`);
  assert.equal(scene.relay.heldPairs(), 2);
  assert.deepEqual(scene.reanswer('192.0.2.2', 5000), answered, 'the answer again');
  assert.equal(hostOf(scene.reoffer('192.0.2.1', 4000)), '127.0.0.1');
  assert.equal(hostOf(scene.reanswer('192.0.2.2', 5000)), '203.0.113.7');
});

test('an endpoint whose network does not have the other family is told so, and stays as it was', () => {
  const scene = scened();
  scene.offer('192.0.2.1', 4000, direction('lan', 'wan'));
  scene.answer('192.0.2.2', 5000);
  const before = scene.state;
  assert.equal(scene.reoffer(V6, 4400)['error-reason'], 'network lan has no IPv6 address');
  assert.deepEqual(scene.state, before);
});

test('an answer from a family that its leg does not have waits for packets to tell where it is', () => {
  const scene = scened();
  scene.offer('192.0.2.1', 4000, direction('lan', 'dmz'));
  scene.answer(V6, 5000);
  assert.equal(remoteOf(scene.states[0], 'callee'), '-');
});

test('[NG-25] a wildcard is named as the address that leads to the other side', () => {
  const networks = networksOf({ all: ['0.0.0.0'] });
  const routes: Readonly<Record<string, string>> = { '192.0.2.1': '10.0.0.1', '192.0.2.2': '10.0.0.2' };
  const scene = new NgScene({ setting: { networks }, routeTo: (host) => routes[host] ?? null });
  assert.equal(hostOf(scene.offer('192.0.2.1', 4000, { 'outbound-peer': '192.0.2.2' })), '10.0.0.2');
  assert.equal(hostOf(scene.answer('192.0.2.2', 5000)), '10.0.0.1');
});

test('packets go to where the description says, or to the source of the message, or where the proxy knows better', () => {
  const remote = (more: NgDictionary): string => {
    const scene = scened();
    scene.offer('10.0.0.1', 4000, more);
    return remoteOf(scene.states[0], 'caller');
  };
  const source = { 'received-from': ['IP4', '198.51.100.9'] };
  assert.equal(remote(source), '10.0.0.1:4000', 'the description is trusted unless asked otherwise');
  assert.equal(remote({ ...source, flags: ['SIP-source-address'] }), '198.51.100.9:4000');
  assert.equal(remote({ ...source, flags: ['trust-address'] }), '10.0.0.1:4000');
  assert.equal(remote({ ...source, flags: ['SIP-source-address'], 'media-address': '198.51.100.5' }), '198.51.100.5:4000');
  assert.equal(remote({ sdp: sdpOf('phone.example.net', 4000) }), '-', 'names are not looked up: packets will tell');
});

/** From another port than it named. */
function isLearned(scene: NgScene): boolean {
  const { local } = scene.state.legs.caller;
  scene.relay.arrive(scene.relay.rowAt(local?.port ?? 0), address('192.0.2.1:4777'), packetOf(3));
  return remoteOf(scene.state, 'caller') === '192.0.2.1:4777';
}

test('a side is learned from packets unless the request, or the policy of its network, says that it is asymmetric', () => {
  const caller = (network: string, flags: readonly string[], later: readonly string[] = []): boolean => {
    const scene = scened();
    scene.offer('192.0.2.1', 4000, { ...direction(network, 'lan'), flags });
    scene.answer('192.0.2.2', 5000);
    if (later.length > 0) {
      scene.reoffer('192.0.2.1', 4000, { flags: later });
      scene.reanswer('192.0.2.2', 5000);
    }
    return isLearned(scene);
  };
  assert.equal(caller('lan', []), true);
  assert.equal(caller('lan', ['asymmetric']), false);
  assert.equal(caller('dmz', []), false);
  assert.equal(caller('dmz', ['symmetric']), true);
  assert.equal(caller('lan', ['asymmetric'], ['trust-address']), false, 'it stays so');
  assert.equal(caller('lan', ['asymmetric'], ['symmetric']), false, 'what counted as confirmed stays so');
});

test('the policy of a network holds for who answers there, and for lines that are added', () => {
  const scene = scened();
  scene.offer('192.0.2.1', 4000, direction('lan', 'dmz'));
  scene.answer('192.0.2.2', 5000);
  assert.deepEqual([scene.state.legs.caller.asymmetric, scene.state.legs.callee.asymmetric], [false, true]);
  scene.reoffer('', 0, { sdp: sdpLines('192.0.2.2', [AUDIO(5000), VIDEO(5002)]) }, 'bob');
  assert.equal(scene.states[1]?.legs.callee.asymmetric, true);
});

test('packets are marked as the request says, or else as the network; IPv6 is not', () => {
  const marks = (scene: NgScene): (number | undefined)[] =>
    (['caller', 'callee'] as const).map((side) => {
      const { local } = scene.states[0]?.legs[side] ?? {};
      return local ? scene.relay.engine.tos.get(scene.relay.rowAt(local.port)) : undefined;
    });
  const scene = scened();
  scene.offer('192.0.2.1', 4000, direction('lan', 'wan'));
  assert.deepEqual(marks(scene), [undefined, 46]);
  scene.answer('192.0.2.2', 5000);
  assert.deepEqual(marks(scene), [undefined, 46]);
  const back = scened();
  back.offer('192.0.2.1', 4000, direction('wan', 'lan'));
  back.answer('192.0.2.2', 5000);
  assert.deepEqual(marks(back), [46, undefined], 'the leg that opens with the answer, too');
  const asked = scened();
  asked.offer('192.0.2.1', 4000, { ...direction('lan', 'wan'), TOS: 8 });
  asked.answer('192.0.2.2', 5000, { TOS: 8 });
  assert.deepEqual(marks(asked), [8, 8]);
  asked.reoffer('192.0.2.1', 4000);
  assert.deepEqual(marks(asked), [8, 8], 'nobody has said another one');
  const six = scened();
  six.offer('192.0.2.1', 4000, { ...direction('lan', 'wan'), 'address-family': 'IP6' });
  assert.deepEqual(marks(six), [undefined, undefined]);
});

const OFFICE = '127.0.0.5';
const RANGE = portRange(30_000, 30_019);
const AFTER = networksOf({ lan: ['127.0.0.1'] });

/** A call between `lan` and `office`, which has ports of its own and is gone from the settings now. `left`: the ports are not. */
function sceneOfGone(left: boolean): NgScene {
  const networks = networksOf({ lan: ['127.0.0.1'], office: [OFFICE] });
  const scene = new NgScene({ setting: { networks } });
  const own: OwnPorts = { host: OFFICE, range: RANGE, memory: new ArrayBuffer(portTableBytes(RANGE)) };
  scene.relay.useSetting({ networks }, [own]);
  scene.offer('192.0.2.1', 4000, direction('lan', 'office'));
  scene.answer('192.0.2.2', 5000);
  scene.relay.useSetting({ networks: AFTER }, left ? rangesLeft([own], AFTER) : []);
  return scene;
}

const withVideo = (scene: NgScene): NgDictionary =>
  scene.reoffer('', 0, { sdp: sdpLines('192.0.2.1', [AUDIO(4000), VIDEO(4002)]) });

test('[NG-25] a line that is added to a call in a network that is gone stands there too, on the ports that it had', () => {
  const scene = sceneOfGone(true);
  const places = placesIn(withVideo(scene)['sdp']);
  assert.equal(places.length, 2);
  for (const place of places) {
    const [host, port] = place.split(':');
    assert.equal(host, OFFICE);
    assert.ok(Number(port) >= 30_000 && Number(port) < 30_020, place);
  }
  const fresh = { 'call-id': 'another', ...direction('lan', 'office') };
  assert.equal(scene.offer('192.0.2.1', 4000, fresh)['error-reason'], 'no network is called office: there are lan');
});

test('where it is not known any more which ports those were, the line is refused, and the call goes on as it was', () => {
  const scene = sceneOfGone(false);
  const [before, pairs] = [scene.state, scene.relay.heldPairs()];
  for (let n = 0; n < SLOTS; n++) {
    assert.equal(
      withVideo(scene)['error-reason'],
      'no network has 127.0.0.5 any more, and its ports are not known: no media line can be added to a call there',
    );
  }
  assert.deepEqual([scene.state, scene.relay.heldPairs()], [before, pairs]);
  assert.equal(hostOf(scene.reoffer('192.0.2.1', 4000)), OFFICE, 'and no place was taken for what was refused');
});

test('ports of an address that is in no network any more are left as long as a call stands there', () => {
  const memory = new ArrayBuffer(portTableBytes(RANGE));
  const own: OwnPorts = { host: OFFICE, range: RANGE, memory };
  const table = new PortTable(RANGE, memory, 0, 1, null);
  assert.deepEqual(rangesLeft([own], AFTER), [], 'nobody stands there');
  const rtp = table.claim(() => 'opened');
  assert.deepEqual(rangesLeft([own], AFTER), [own]);
  assert.deepEqual(rangesLeft([own], networksOf({ other: [OFFICE] })), [], 'its network says which ports it has');
  table.release(udpPort(rtp ?? 0));
  assert.deepEqual(rangesLeft([own], AFTER), []);
});
