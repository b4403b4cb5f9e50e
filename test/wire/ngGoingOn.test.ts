/** A call whose INVITE goes on from a phone in one network to one in another, with packets. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { placesIn, sdpOf } from '../pure/ngGiven.js';
import { eventually, Party } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import type { Place } from '../rig/ngCalls.js';
import { openNgDoors } from '../rig/ngDoors.js';
import { instanceCounters } from '../rig/relayScene.js';

const BOUND = { timeout: 60_000 };
const NETWORKS = ['a=127.0.0.2', 'b=127.0.0.3', 'six=::1'].flatMap((each) => ['--network', each]);

const placeOf = ({ sdp }: NgDictionary): Place => {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(placesIn(sdp)[0] ?? '') ?? [];
  return { host, port: Number(port) };
};

/** Whether a packet that one sends to a place comes to the other, from another place. */
async function crosses(from: Party, to: Party, entry: Place, exit: Place): Promise<void> {
  const packet = from.nextRtp();
  await from.rtp.send(packet, entry.port, entry.host);
  deepEqual(await to.rtp.take(1), [{ bytes: Buffer.from(packet), from: exit }]);
}

for (const [engine, dies] of [
  ['io_uring', true],
  ['epoll', false],
] as const) {
  test(`[NG-07 NG-25] ${engine}: an INVITE that goes on to another network takes its media along`, BOUND, async (t) => {
    const { udp, relay } = await openNgDoors(t, { args: [...NETWORKS, '--engine', engine, '--workers', '2'] });
    const control = await UdpControl.to(relay.control[0]!);
    t.after(() => control.close());
    for (const [network, host, at] of [
      ['b', '127.0.0.3', '127.0.0.1'],
      ['six', '::1', '::1'],
    ] as const) {
      const ask = async (command: string, more: NgDictionary): Promise<NgDictionary> => {
        const reply = await udp({ command, 'call-id': `to-${network}`, 'from-tag': 'alice', ...more });
        equal(reply['result'], 'ok', JSON.stringify(reply));
        return reply;
      };
      const [alice, bob, carol] = [await Party.open(t), await Party.open(t), await Party.open(t, at)];
      const offer = (to: string): Promise<NgDictionary> =>
        ask('offer', { direction: ['default', to], sdp: sdpOf('127.0.0.1', alice.rtp.port) });
      const facesBob = placeOf(await offer('a'));
      equal(facesBob.host, '127.0.0.2');
      const facesAlice = placeOf(await ask('answer', { 'to-tag': 'bob', sdp: sdpOf('127.0.0.1', bob.rtp.port) }));
      await crosses(alice, bob, facesAlice, facesBob);
      await crosses(bob, alice, facesBob, facesAlice);
      const facesCarol = placeOf(await offer(network));
      equal(facesCarol.host, host);
      if (dies) await relay.killAndRestart();
      const discarded = async (): Promise<unknown> => (await instanceCounters(control, 'npkts_discard')).npkts_discard;
      const before = await discarded();
      await alice.rtp.send(alice.nextRtp(), facesAlice.port, facesAlice.host);
      await eventually(async () => equal(await discarded(), Number(before) + 1));
      const answered = placeOf(await ask('answer', { 'to-tag': 'carol', sdp: sdpOf(at, carol.rtp.port) }));
      deepEqual(answered, facesAlice, 'who calls sends where it did');
      await crosses(alice, carol, facesAlice, facesCarol);
      await crosses(carol, alice, facesCarol, facesAlice);
      deepEqual(await bob.rtp.takeAll(), [], 'who was called before hears no more of it');
      await ask('delete', { 'delete-delay': 0 });
      deepEqual((await udp({ command: 'list' }))['calls'], []);
    }
  });
}
