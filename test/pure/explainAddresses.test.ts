import assert from 'node:assert/strict';
import { test } from 'node:test';
import { udpPort } from '../../model/kernel/index.js';
import { scopeOf } from '../../src/relay/explain/scope.js';
import { CALL, CALLEE, CALLER, causesOf, first, healthy, remarksOf, Scene } from './explainGiven.js';

const ELSEWHERE = '198.51.100.77:7000';
/** A relay in a private network; the same behind a translator. */
const INNER = { network: { host: '10.0.0.5', advertised: null } };
const OUTER = { network: { host: '10.0.0.5', advertised: '192.0.2.5' } };

test('a private SDP address, and no packet came from anywhere', () => {
  for (const [host, words] of [
    ['10.1.2.3', 'RFC 1918'],
    ['172.20.0.1', 'RFC 1918'],
    ['192.168.1.1', 'RFC 1918'],
    ['100.64.0.9', 'RFC 6598'],
    ['169.254.7.7', 'link-local'],
    ['127.0.0.1', 'loopback'],
  ] as const) {
    const scene = Scene.answered(CALLER, `${host}:6000`).speak('caller', 4000).hangUp();
    const text = new RegExp(
      `callee has sent nothing since the call was answered.*SDP address ${host}.*${words}.*no packet came from anywhere`,
    );
    const session = first(scene, 'private-address', 'callee', text);
    assert.deepEqual(causesOf(session), ['private-address']);
    assert.match(session.causes[0]!.evidence.join(), /200 packets of the caller went to/);
  }
});

test('an SDP address that is unique local', () => {
  assert.equal(scopeOf('fd00::1'), 'unique-local');
  assert.equal(scopeOf('fe80::1'), 'link-local');
  assert.equal(scopeOf('::1'), 'loopback');
  assert.equal(scopeOf('2001:db8::1'), 'public');
  assert.equal(scopeOf('::ffff:10.0.0.1'), 'private');
  assert.equal(scopeOf('::'), 'unspecified');
  assert.equal(scopeOf('100.128.0.1'), 'public');
  assert.equal(scopeOf('172.32.0.1'), 'public');
  assert.equal(scopeOf('relay.example'), null);
});

test('a private SDP address is fine where packets come from elsewhere and were learned', () => {
  const session = healthy(Scene.answered(CALLER, '10.1.2.3:6000').both(3000, {}, { from: ELSEWHERE }).hangUp());
  assert.deepEqual(remarksOf(session), ['private-address']);
  assert.match(session.remarks[0]!.sentence, /10\.1\.2\.3, is private \(RFC 1918\); its packets come from 198\.51\.100\.77:7000/);
  assert.equal(session.legs.callee.learned[0]?.reason, 'first-packet');
});

test('a side that sends from another port than signalled was learned: fine, and said', () => {
  const session = healthy(Scene.answered().both(3000, {}, { from: '198.51.100.2:6100' }).hangUp());
  assert.deepEqual(remarksOf(session), ['learned-elsewhere']);
  assert.match(session.remarks[0]!.sentence, /another port than the signalled 198\.51\.100\.2:6000/);
});

test('a side that is declared asymmetric, but sends from another host', () => {
  const scene = Scene.answered(CALLER, CALLEE, { answer: 'a' }).both(4000, {}, { from: ELSEWHERE }).hangUp();
  const session = first(scene, 'asymmetric-elsewhere', 'callee', /declared asymmetric.*198\.51\.100\.2.*198\.51\.100\.77:7000/);
  assert.deepEqual(causesOf(session), ['asymmetric-elsewhere']);
  assert.match(session.causes[0]!.advice ?? '', /symmetric RTP: s instead of a/);
  assert.equal(session.legs.callee.rtp.refused, 200);
});

test('a side that is declared asymmetric, and sends from the host that it named', () => {
  const session = healthy(Scene.answered(CALLER, CALLEE, { answer: 'a' }).both(3000).hangUp());
  assert.deepEqual(remarksOf(session), ['asymmetric']);
  assert.match(session.remarks[0]!.sentence, /sends from where it said, 198\.51\.100\.2:6000: fine/);
});

const ELSEWHERE_PORT = '198.51.100.2:6100';

test('a side that is declared asymmetric, and sends from another port: what is so is said, and it is not called fine', () => {
  const scene = Scene.answered(CALLER, CALLEE, { answer: 'a' }).both(3000, {}, { from: ELSEWHERE_PORT });
  const text =
    /callee sends from 198\.51\.100\.2:6100, but is sent to at 198\.51\.100\.2:6000, the port that it named.*nothing is learned/;
  const session = first(scene.hangUp(), 'asymmetric-port', 'callee', text);
  assert.deepEqual([causesOf(session), remarksOf(session)], [['asymmetric-port'], []]);
  assert.match(session.causes[0]!.evidence.join(), /^150 packets were sent to 198\.51\.100\.2:6000$/);
  assert.match(session.causes[0]!.advice ?? '', /^If the callee hears nothing, offer it with symmetric RTP \(s instead of a/);
  assert.equal(session.legs.callee.seen?.address, ELSEWHERE_PORT);
  assert.equal(session.legs.callee.sentTo, CALLEE);
});

test('where nobody receives at the port that it named, that comes first; where nothing was sent there, it is only said', () => {
  const dead = Scene.answered(CALLER, CALLEE, { answer: 'a' }).both(3000, {}, { from: ELSEWHERE_PORT }).unreachable('callee');
  const session = first(dead.wait(4000).hangUp(), 'asymmetric-port', 'callee', /Nobody receives there: its host says so by ICMP/);
  assert.deepEqual(causesOf(session), ['asymmetric-port'], 'and not once more');
  assert.match(session.causes[0]!.advice ?? '', /^Offer it/);
  const alone = Scene.answered(CALLER, CALLEE, { answer: 'a' }).speak('callee', 3000, { from: ELSEWHERE_PORT }).hangUp();
  assert.deepEqual(remarksOf(alone.explained()), ['asymmetric-port']);
});

test('from where an asymmetric side sends is not known any more when it is said to be elsewhere; after a crash it is known again', () => {
  const scene = Scene.answered(CALLER, CALLEE, { answer: 'a' }).both(3000, {}, { from: ELSEWHERE_PORT });
  scene.wait(1000).answer('198.51.100.2:6200', 'a');
  assert.deepEqual(remarksOf(healthy(scene.wait(1000))), ['asymmetric']);
  const crashed = Scene.answered(CALLER, CALLEE, { answer: 'a' }).both(3000, {}, { from: ELSEWHERE_PORT });
  crashed.relay.crash(true, 10);
  first(crashed.both(1000, {}, { from: ELSEWHERE_PORT }), 'recovered', null, /took the call up/);
  assert.deepEqual(causesOf(crashed.explained()), ['recovered', 'asymmetric-port']);
});

test('a side whose packets are all refused, because it was asymmetric before', () => {
  const scene = Scene.answered(CALLER, CALLEE, { answer: 'a' });
  scene.wait(11_000).answer(CALLEE).wait(11_000);
  first(
    scene.both(4000, {}, { from: ELSEWHERE }).hangUp(),
    'refused-source',
    'callee',
    /come from 198\.51\.100\.77:7000 instead of/,
  );
});

test('a side that is silent while somebody else is refused on its leg', () => {
  const scene = Scene.answered().wait(11_000).both(3000).both(8000, {}, { from: ELSEWHERE, ssrc: 99 }).hangUp();
  const session = first(
    scene,
    'takeover-refused',
    'callee',
    /heard from 198\.51\.100\.2:6000 until .*from 198\.51\.100\.77:7000 is refused/,
  );
  assert.deepEqual(causesOf(session), ['takeover-refused']);
});

test('a stranger who is refused while the side goes on is worth a word', () => {
  const scene = Scene.answered().wait(11_000).both(3000);
  for (let i = 0; i < 100; i++) {
    scene.arrive('callee', i, { from: ELSEWHERE, ssrc: 99 });
    scene.both(20);
  }
  assert.deepEqual(remarksOf(healthy(scene.hangUp())), ['foreign-source']);
});

test('a phone that moves after a re-INVITE was learned where it is now, and why', () => {
  const scene = Scene.answered().both(3000).wait(11_000);
  scene.answer('198.51.100.3:6000');
  const session = scene.both(3000, {}, { from: '198.51.100.3:6100', ssrc: 5 }).hangUp().explained();
  assert.equal(session.legs.callee.learned.at(-1)?.reason, 'after-signalling');
  assert.deepEqual(session.legs.callee.seen?.address, '198.51.100.3:6100');
});

test('a phone whose stream comes from another place with the same SSRC was recognised', () => {
  const scene = Scene.answered().wait(11_000).both(3000, {}, { ssrc: 5 });
  const session = scene.both(3000, {}, { ssrc: 5, from: ELSEWHERE }).hangUp().explained();
  assert.deepEqual(
    session.legs.callee.learned.map(({ reason, address }) => [reason, address]),
    [
      ['as-signalled', CALLEE],
      ['same-stream', ELSEWHERE],
    ],
  );
});

test('a side of which no address was signalled, and from which none could be learned', () => {
  const session = first(
    Scene.answered(CALLER, null).speak('caller', 4000).hangUp(),
    'no-destination',
    'callee',
    /not known where the callee is/,
  );
  assert.deepEqual(causesOf(session), ['no-destination']);
  assert.match(session.causes[0]!.evidence.join(), /200 packets of the caller dropped/);
  first(Scene.answered(CALLER, null).wait(4000).hangUp(), 'both-silent', null, /Neither/);
});

test('a host that says that nobody receives there', () => {
  const silent = Scene.answered().speak('caller', 2000).unreachable('callee').speak('caller', 5000);
  const session = first(silent, 'unreachable', 'callee', /Nobody receives at 198\.51\.100\.2:6000.* by ICMP since 03:04:08/);
  assert.deepEqual(causesOf(session), ['unreachable']);
  const deaf = Scene.answered().both(2000).unreachable('callee').both(5000).hangUp();
  first(deaf, 'unreachable', 'callee', /Nobody receives/);
  assert.match(deaf.explained().causes[0]!.advice ?? '', /sends, but does not listen/);
});

test('a port that is closed by hanging up is no cause', () => {
  const scene = Scene.answered().both(4000).unreachable('callee').wait(300).hangUp();
  assert.deepEqual(remarksOf(healthy(scene)), ['unreachable']);
});

test('a leg of another family than the address that was signalled', () => {
  const scene = Scene.answered();
  const other = { host: '2001:db8::1', port: udpPort(4000) };
  scene.command({
    ...{ type: 'Signal', side: 'callee', address: other, held: false, asymmetric: false, codecs: [], resizeMs: null },
    ...{ newPort: false, networks: null, notify: 'keep', ttlMs: { caller: null, callee: null }, reference: null, opening: null },
  });
  first(
    scene.speak('caller', 4000).hangUp(),
    'network-mismatch',
    'callee',
    /stands on 192\.0\.2\.10:\d+ \(IPv4\).*\[2001:db8::1\]:4000 \(IPv6\)/,
  );
});

test('a side on the outside that is told an inner address of the relay', () => {
  const scene = Scene.answered(CALLER, CALLEE, { special: { options: INNER } })
    .speak('caller', 4000)
    .hangUp();
  const session = first(
    scene,
    'relay-address',
    'callee',
    /told to send to 10\.0\.0\.5:\d+, which is private.*198\.51\.100\.2 is public/,
  );
  assert.match(session.causes[0]!.advice ?? '', /-A/);
  // Where the outside address is advertised, it is silent for another reason.
  const advertised = Scene.answered(CALLER, CALLEE, { special: { options: OUTER } })
    .speak('caller', 4000)
    .hangUp();
  first(advertised, 'silent', 'callee', /sent nothing/);
});

test('a private SDP address in the network of the relay is no cause by itself', () => {
  const scene = Scene.answered('10.0.0.7:4000', '10.0.0.8:6000', { special: { options: INNER } });
  first(scene.speak('caller', 4000, { from: '10.0.0.7:4000' }).hangUp(), 'silent', 'callee', /sent nothing/);
});

test('what was signalled is told with its time and how often', () => {
  const scene = Scene.answered().both(3000).wait(11_000);
  scene.relay.send(`L ${CALL} 198.51.100.2 6000 alice bob`);
  const { signalled } = scene.explained().legs.callee;
  assert.deepEqual([signalled.address, signalled.times, signalled.scope], [CALLEE, 2, 'public']);
});
