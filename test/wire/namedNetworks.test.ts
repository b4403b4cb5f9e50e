/** Networks by name, from options and a settings file: any two are bridged, and each has its ports. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { askStatus } from '../../src/io/admin/client.js';
import { Party } from '../rig/calls.js';
import type { UdpControl } from '../rig/control.js';
import { leasePorts } from '../rig/ports.js';
import { openRelay } from '../rig/relayScene.js';
import { writeSettings } from '../rig/settingsFile.js';

const BOUND = { timeout: 30_000 };
const PORTS = 40;

type Place = { readonly name: string; readonly host: string; readonly min: number; readonly max: number };

/** `U` or `L` of a call, whose answer must name a port of that network. Answers it. */
async function ask(control: UdpControl, verb: string, party: Party, host: string, tags: string, place: Place): Promise<number> {
  const six = host.includes(':') ? '6' : '';
  const command = `${verb}${six}l{${place.name}} call-${tags.split(' ')[0]} ${host} ${party.rtp.port} ${tags}`;
  const answer = await control.ask(command);
  const [port = '', ...rest] = answer.split(' ');
  equal(rest.join(' '), place.host.includes(':') ? `${place.host} 6` : place.host, `${command}: ${answer}`);
  ok(Number(port) >= place.min && Number(port) < place.max, `${answer}: a port of ${place.name}`);
  return Number(port);
}

/** Packets of one side come to the other, from the port that was named to it. */
async function crosses(
  from: Party,
  entry: { host: string; port: number },
  to: Party,
  exit: { host: string; port: number },
): Promise<void> {
  const packet = from.nextRtp();
  await from.rtp.send(packet, entry.port, entry.host);
  deepEqual(await to.rtp.take(1), [{ bytes: Buffer.from(packet), from: exit }]);
}

async function openNetworks(t: TestContext) {
  const lease = await leasePorts(PORTS * 2);
  t.after(() => lease.release());
  const [own, other] = [lease.range(PORTS), lease.range(PORTS)];
  const settings = await writeSettings(
    t,
    `networks:
  b: { addresses: 127.0.0.3, ports: ${own.min}-${own.max} }
  c: { addresses: [127.0.0.4], ports: ${other.min}-${other.max} }
  six: { addresses: "::1" }
`,
  );
  const scene = await openRelay(t, { mediaPorts: PORTS, args: ['--network', 'a=127.0.0.2', '--settings', settings.path] });
  const places: Place[] = [
    { name: 'default', host: '127.0.0.1', ...scene.relay.media },
    { name: 'a', host: '127.0.0.2', ...scene.relay.media },
    { name: 'b', host: '127.0.0.3', ...own },
    { name: 'c', host: '127.0.0.4', ...other },
    { name: 'six', host: '::1', ...scene.relay.media },
  ];
  return { ...scene, places };
}

test('[NG-24 NG-25] RTP crosses between any two of five networks, on ports of both', BOUND, async (t) => {
  const { control, places } = await openNetworks(t);
  const partyIn = ({ host }: Place): string => (host.includes(':') ? '::1' : '127.0.0.1');
  for (const x of places) {
    for (const y of places) {
      const [caller, callee] = [await Party.open(t, partyIn(x)), await Party.open(t, partyIn(y))];
      const tag = `${x.name}-${y.name}`;
      // The port that the answer to U names is where the callee sends to.
      const facesCallee = await ask(control, 'U', caller, partyIn(x), tag, y);
      const facesCaller = await ask(control, 'L', callee, partyIn(y), `${tag} to`, x);
      await crosses(caller, { host: x.host, port: facesCaller }, callee, { host: y.host, port: facesCallee });
      await crosses(callee, { host: y.host, port: facesCallee }, caller, { host: x.host, port: facesCaller });
      equal(await control.ask(`D call-${tag} ${tag} to`), '0');
    }
  }
});

test('[NG-24] the status lists the networks, and the greeting says where each one is', BOUND, async (t) => {
  const { relay, places } = await openNetworks(t);
  const status = await askStatus(join(relay.dataDir, 'admin.sock'));
  ok(status.ok);
  deepEqual(
    status.value.networks,
    places.map(({ name, host, min, max }) => `${name}: ${host}; ports ${min} to ${max}`),
  );
  for (const { name, host, min, max } of places.slice(1))
    ok(relay.stdout().includes(`media        ${name} at ${host}, ports ${min} to ${max}`), relay.stdout());
});

test('a range of a network that is used up leaves those of others alone, and every port comes back', BOUND, async (t) => {
  const lease = await leasePorts(4);
  t.after(() => lease.release());
  const { min, max } = lease.range(4);
  const { path } = await writeSettings(t, `networks: {small: {addresses: 127.0.0.3, ports: ${min}-${max}}}`);
  const { control, relay } = await openRelay(t, { mediaPorts: 20, args: ['--settings', path, '--workers', '2'] });
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(['a', 'b'].map((call) => control.ask(`Ul{small} ${call} - 0 f`)));
    deepEqual(answers.map((answer) => Number.parseInt(answer, 10)).sort(), [min, min + 2]);
    equal(await control.ask('Ul{small} c - 0 f'), 'E72');
    match(await control.ask('U c - 0 f'), /^\d+ 127\.0\.0\.1$/);
    for (const call of ['a', 'b', 'c']) equal(await control.ask(`D ${call} f`), '0');
  }
  // A relay that takes calls up has their pairs again, of every range.
  const held = [await control.ask('Ul{small} a - 0 f'), await control.ask('Ul{small} b - 0 f')];
  await relay.killAndRestart();
  equal(await control.ask('Ul{small} c - 0 f'), 'E72');
  deepEqual([await control.ask('U a - 0 f'), await control.ask('U b - 0 f')], held);
  equal(await control.ask('D a f'), '0');
  equal(await control.ask('Ul{small} c - 0 f'), held[0]);
});
