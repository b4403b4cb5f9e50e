/** The settings file is read again while the relay runs: calls go on as they are, new ones go by what it says now. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { NO_LIMITS } from '../../src/relay/limits/admission.js';
import { NO_EVENT_SETTINGS } from '../../src/relay/settings/access.js';
import { oneNetwork } from '../property/shardWorld.js';
import { AUDIO, placesIn, sdpLines, sdpOf, VIDEO } from '../pure/ngGiven.js';
import { eventually, Party, setUpCall } from '../rig/calls.js';
import { type Certificate, CertificateMaker } from '../rig/certificates.js';
import { PatientNg } from '../rig/patientNg.js';
import { leasePorts } from '../rig/ports.js';
import { openRelay } from '../rig/relayScene.js';
import { writeSettings } from '../rig/settingsFile.js';
import { type Ended, runToEnd } from '../rig/startAttempt.js';
import { killer } from '../rig/threadCalls.js';
import { callOn, HOST, startThreads } from '../rig/threadScene.js';

const BOUND = { timeout: 30_000 };

/** `rtpbridge reload …` for a relay. */
async function reload(dataDir: string, ...args: readonly string[]): Promise<Pick<Ended, 'code' | 'stdout' | 'stderr'>> {
  const { code, stdout, stderr } = await runToEnd(['reload', '--data-dir', dataDir, ...args]);
  return { code, stdout, stderr };
}

const network = (advertised: string, more = ''): string =>
  `networks:\n  office: { addresses: [{ address: 127.0.0.2, advertised: ${advertised} }]${more} }\n`;

async function openReloading(t: TestContext, text: string, args: readonly string[] = []) {
  const file = await writeSettings(t, text);
  const scene = await openRelay(t, { mediaPorts: 40, args: ['--settings', file.path, ...args] });
  return { ...scene, ...file };
}

test('a call keeps its ports and goes on; a new one is told the new advertised address', BOUND, async (t) => {
  const { control, relay, write } = await openReloading(t, network('192.0.2.1'));
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const standing = await setUpCall(control, 'standing', caller, callee);
  const before = await control.ask('Ul{office} first - 0 f');
  match(before, /^\d+ 192\.0\.2\.1$/);
  await write(network('192.0.2.99'));
  deepEqual(await reload(relay.dataDir), {
    ...{ code: 0, stderr: '' },
    stdout: 'networks.office.addresses: 127.0.0.2 advertised as 192.0.2.1 -> 127.0.0.2 advertised as 192.0.2.99\n',
  });
  match(await control.ask('Ul{office} second - 0 f'), /^\d+ 192\.0\.2\.99$/);
  equal(await control.ask('Ul{office} first - 0 f'), before, 'what a client was told stays');
  await caller.reaches(callee, standing.facesCaller, standing.facesCallee, 5);
  await callee.reaches(caller, standing.facesCallee, standing.facesCaller, 5);
  deepEqual(await reload(relay.dataDir), { code: 0, stdout: 'nothing has changed\n', stderr: '' });
});

test(
  '[NG-07] a certificate that cannot be served is told, and nothing is changed, neither tokens nor anything else',
  BOUND,
  async (t) => {
    const maker = await CertificateMaker.open(t);
    if (maker === null) return;
    const [first, second] = [maker.make('first'), maker.make('second')];
    const lease = await leasePorts();
    t.after(() => lease.release());
    const tls = ({ certificate }: Certificate, { key }: Certificate): string =>
      `  tls: { certificate: ${certificate}, key: ${key} }\n`;
    const port = await lease.port();
    const args = ['--listen-ng', `https:127.0.0.1:${port}`];
    const { relay, write } = await openReloading(t, `control:\n${tls(first, first)}limits: { calls: 3 }\n`, args);
    for (const [text, problem] of [
      [tls(first, second), `control: tls: ${first.certificate} and ${second.key} cannot be used (`],
      ['  allow: 127.0.0.1\n', `NG socket https:127.0.0.1:${port}: it takes a certificate and a key`],
    ] as const) {
      await write(`control:\n${text}limits: { calls: 5 }\n`);
      for (const more of [['--check'], []]) {
        const { code, stdout, stderr } = await reload(relay.dataDir, ...more);
        deepEqual([code, stdout], [1, '']);
        ok(stderr.startsWith(problem), stderr);
      }
    }
    await write(`control:\n${tls(second, second)}limits: { calls: 5 }\n`);
    match((await reload(relay.dataDir)).stdout, /limits.calls: 3 -> 5\n/, 'as it was since the start');
  },
);

test('networks come, go and get ports of their own; calls that stand on one that has gone go on', BOUND, async (t) => {
  const { control, relay, write } = await openReloading(t, network('192.0.2.1'));
  const lease = await leasePorts(20);
  t.after(() => lease.release());
  const { min, max } = lease.range(20);
  const standing = await control.ask('Ul{office} standing - 0 f');
  await write(`networks:\n  lab: { addresses: 127.0.0.3, ports: ${min}-${max} }\nbridge: { internal: lab, external: default }\n`);
  const { stdout, code } = await reload(relay.dataDir);
  deepEqual(
    [code, stdout.split('\n')],
    [
      0,
      [
        `networks.lab: new, 127.0.0.3, ports ${min} to ${max}`,
        'networks.office: gone; calls that stand on it go on',
        'bridge.internal: none -> lab',
        'bridge.external: none -> default',
        `note: there are 30 port pairs now, and room for 20 sessions: restart the relay to have room for all`,
        '',
      ],
    ],
  );
  match(await control.ask('Ul{office} other - 0 f'), /^E/);
  const port = Number.parseInt(await control.ask('Ul{lab} new - 0 f'), 10);
  ok(port >= min && port < max, `${port}`);
  match(await control.ask('UEI bridged - 0 f'), /^\d+ 127\.0\.0\.3$/);
  equal(await control.ask('U standing - 0 f'), standing);
  // The network comes back with ports of its own, among which the port of the call is.
  const { media } = relay;
  await write(network('192.0.2.1', `, ports: ${media.min}-${media.min + 3}`).replace('192.0.2.1', 'x.example'));
  equal((await reload(relay.dataDir)).code, 0);
  equal(await control.ask('D standing f'), '0');
  for (const call of ['p', 'q']) match(await control.ask(`Ul{office} ${call} - 0 f`), /^\d+ x\.example$/);
  equal(await control.ask('Ul{office} r - 0 f'), 'E72', 'it has two pairs');
});

test('a line that is added to a call whose network has gone gets ports of that network, in both threads', BOUND, async (t) => {
  const lease = await leasePorts(40);
  t.after(() => lease.release());
  const [{ min, max }, port] = [lease.range(40), await lease.port()];
  const office = `networks:\n  office: { addresses: 127.0.0.2, ports: ${min}-${max} }\n`;
  const { relay, write } = await openReloading(t, office, ['--workers', '2', '--listen-ng', `udp:127.0.0.1:${port}`]);
  const client = await PatientNg.open(port);
  t.after(() => client.close());
  const ask = async (call: string, request: NgDictionary): Promise<NgDictionary> =>
    (await client.ask({ 'call-id': call, 'from-tag': 'a', ...request })).reply ?? {};
  const calls = ['p', 'q', 'r', 's'];
  const dialogue = { 'to-tag': 'b', sdp: sdpOf('127.0.0.1', 5000) };
  for (const call of calls) {
    await ask(call, { command: 'offer', direction: ['default', 'office'], sdp: sdpOf('127.0.0.1', 4000) });
    await ask(call, { command: 'answer', ...dialogue });
  }
  for (const [reloads, text] of ['limits: { calls: 50 }\n', 'limits: { calls: 60 }\n'].entries()) {
    await write(text);
    equal((await reload(relay.dataDir)).code, 0);
    const lines = [AUDIO(4000), VIDEO(4002), VIDEO(4004)].slice(0, 2 + reloads);
    for (const call of calls) {
      const { sdp } = await ask(call, { command: 'offer', 'to-tag': 'b', sdp: sdpLines('127.0.0.1', lines) });
      for (const place of placesIn(sdp)) {
        const [host, given] = place.split(':');
        ok(host === '127.0.0.2' && Number(given) >= min && Number(given) < max, `${place} of ${call} after ${reloads + 1}`);
      }
    }
  }
  const { 'error-reason': reason } = await ask('new', { command: 'offer', direction: ['default', 'office'], ...dialogue });
  equal(reason, 'no network is called office: there are default');
});

test(
  'a file that is not right changes nothing, and is told of with its lines; --check changes nothing either',
  BOUND,
  async (t) => {
    const { control, relay, write, path } = await openReloading(t, network('192.0.2.1'));
    await write(`${network('192.0.2.2')}limits: { calls: many }\ndefault: ofice\n`);
    const broken = await reload(relay.dataDir);
    deepEqual([broken.code, broken.stdout], [1, '']);
    deepEqual(broken.stderr.split('\n'), [
      `${path}:3: limits.calls is "many": expected a whole number from 0 to 10000000`,
      `${path}:4: default is "ofice": no network is called so: there are default, office; did you mean office?`,
      'rtpbridge: nothing was changed',
      '',
    ]);
    match(await control.ask('Ul{office} a - 0 f'), /^\d+ 192\.0\.2\.1$/);
    await write(network('192.0.2.2'));
    match((await reload(relay.dataDir, '--check')).stdout, /192\.0\.2\.2/);
    match(await control.ask('Ul{office} b - 0 f'), /^\d+ 192\.0\.2\.1$/);
    const { relay: without } = await openRelay(t);
    const none = await reload(without.dataDir);
    deepEqual(
      [none.code, none.stderr.split('\n')[0]],
      [1, 'there is no settings file: the relay was started without --settings'],
    );
  },
);

test('limits count over all threads, and change while the relay runs', BOUND, async (t) => {
  const { control, relay, write } = await openReloading(t, 'limits: { calls: 3 }\n', ['--workers', '2']);
  const answers = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((call) => control.ask(`U ${call} - 0 f`)));
  deepEqual(answers.filter((answer) => answer === 'E98').length, 3, answers.join(', '));
  await write('limits: { calls: 5 }\n');
  equal((await reload(relay.dataDir)).stdout, 'limits.calls: 3 -> 5\n');
  const more = await Promise.all(['g', 'h', 'i'].map((call) => control.ask(`U ${call} - 0 f`)));
  deepEqual(more.filter((answer) => answer === 'E98').length, 1, more.join(', '));
});

test('a relay does not start with settings that are not right', BOUND, async (t) => {
  const { path } = await writeSettings(t, 'networks:\n  a: { addresses: 127.0.0.300 }\n  b: 7\n');
  const { code, stderr } = await runToEnd(['serve', '--settings', path, '--data-dir', `${path}-data`]);
  equal(code, 1);
  equal(
    stderr,
    `rtpbridge: ${path}:2: networks.a.addresses is "127.0.0.300": expected an IPv4 or IPv6 address; ${path}:3: networks.b is 7: expected a map of addresses, ports, policy\n`,
  );
});

test('a thread that takes the place of a dead one goes by the newest setting', BOUND, async (t) => {
  const scene = await startThreads(t, 'dgram');
  const [before, after] = [callOn(0, 'before'), callOn(0, 'after')];
  match(await scene.ask(`U ${before} - 0 f`), new RegExp(` ${HOST}$`));
  const control = {
    networks: oneNetwork('127.0.0.9'),
    asymmetric: false,
    recording: null,
    permitted: [],
    limits: NO_LIMITS,
    loopId: 'test',
    allow: [],
    events: NO_EVENT_SETTINGS,
  };
  const range = { first: scene.range.first, pairs: 2 };
  scene.threads.change(control, [{ host: '127.0.0.9', range }]);
  match(await scene.ask(`U ${after} - 0 f`), / 127\.0\.0\.9$/);
  await killer(scene);
  await eventually(
    async () =>
      ok(
        scene.warnings.some((warning) => /serves again/.test(warning)),
        scene.warnings.join('\n'),
      ),
    5000,
  );
  match(await scene.ask(`U ${callOn(0, 'third')} - 0 f`), / 127\.0\.0\.9$/);
  equal(await scene.ask(`U ${callOn(0, 'fourth')} - 0 f`), 'E72', 'the pair of the call that was taken up is held');
  match(await scene.ask(`U ${before} - 0 f`), new RegExp(` ${HOST}$`));
});
