import { deepEqual, equal, ok } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Call, openPeers, placeCall, plainCall } from './calls.js';
import { nothingIsLeft, resultsOf } from './exchange.js';
import { askedOf, audioOf, inShort, type NgExchange, openNgExchange, relayed } from './ngExchange.js';

test('[NG-03] a relay whose ports are exhausted is no end: the next one of the set takes the call', {
  timeout: 60_000,
}, async (t) => {
  // A call takes two pairs of ports.
  const exchange = await openNgExchange(t, { relays: [{ mediaPorts: 4 }, { mediaPorts: 4 }], sets: [[1, 2]] });
  if (exchange === null) return;
  const calls: Call[] = [];
  for (const key of ['full-one', 'full-two', 'full-three']) calls.push(await standing(exchange, key));
  const places = await Promise.all(calls.map(async ({ id }) => relayOf(exchange, id)));
  deepEqual(new Set(places.slice(0, 2)), new Set(exchange.taps.map(({ name }) => name)));
  equal(resultsOf(exchange, 'full-two')[0], 'INVITE 1');
  equal(resultsOf(exchange, 'full-three')[0], 'INVITE -1');
  for (const relay of [1, 2]) {
    const [refused] = (await askedOf(calls[2]!, relay)).filter(({ request }) => request['command'] === 'offer');
    deepEqual([refused!.reply['result'], refused!.reply['error-reason']], ['error', 'Ran out of ports']);
  }
  for (const call of calls) await call.hangUp();
  await nothingIsLeft(exchange, [/Ran out of ports|failed to select new|no available proxies|Unknown call-id/]);
});

test('[NG-03] a relay that takes no new calls says so, and the next one of the set takes them', {
  timeout: 60_000,
}, async (t) => {
  const exchange = await openNgExchange(t, { relays: [{}, {}], sets: [[1, 2]] });
  if (exchange === null) return;
  const before = await standing(exchange, 'drained');
  const draining = exchange.taps.findIndex(({ name }) => name === relayOf(exchange, before.id));
  process.kill(exchange.relays[draining]!.pid, 'SIGHUP');
  await delay(DRAIN_MS);
  const other = exchange.taps[1 - draining]!.name;
  const calls: Call[] = [];
  for (const key of ['drained-a', 'drained-b', 'drained-c', 'drained-d']) calls.push(await standing(exchange, key));
  deepEqual(new Set(calls.map(({ id }) => relayOf(exchange, id))), new Set([other]));
  const refused = (await Promise.all(calls.map((call) => askedOf(call, draining + 1)))).flat();
  ok(refused.length > 0, 'Kamailio has asked the one that drains for one of four calls');
  deepEqual(new Set(inShort(refused)), new Set(['offer load limit']));
  for (const call of [...calls, before]) await call.hangUp();
});

test('[NG-03] a relay that has as many calls as it may have says so, and the next one of the set takes the call', {
  timeout: 60_000,
}, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'rtpbridge-limits-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'settings.yaml');
  writeFileSync(file, 'limits: { calls: 1 }\n');
  const limited = { args: ['--settings', file] };
  const exchange = await openNgExchange(t, { relays: [limited, limited], sets: [[1, 2]] });
  if (exchange === null) return;
  const calls: Call[] = [];
  for (const key of ['limit-one', 'limit-two', 'limit-three']) calls.push(await standing(exchange, key));
  const names = new Set(exchange.taps.map(({ name }) => name));
  deepEqual(new Set(calls.slice(0, 2).map(({ id }) => relayOf(exchange, id))), names);
  for (const relay of [1, 2]) {
    const [refused] = (await askedOf(calls[2]!, relay)).filter(({ request }) => request['command'] === 'offer');
    deepEqual([refused!.reply['result'], refused!.reply['message']], ['load limit', 'Parallel session limit reached']);
  }
  for (const call of calls) await call.hangUp();
  await nothingIsLeft(exchange, [/failed to select new|no available proxies|Unknown call-id|limit/]);
});

const DRAIN_MS = 200;

/** A call that stands. */
async function standing(exchange: NgExchange, key: string): Promise<Call> {
  const [caller, callee] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    key,
    headers: relayed('replace=origin'),
    ...plainCall(audioOf(caller), audioOf(callee)),
  });
  await call.answered();
  return call;
}

/** Which relay took the call, as Kamailio says. */
const relayOf = ({ kamailio }: NgExchange, callId: string): string | undefined =>
  new RegExp(`AT ${callId} (udp:\\S+)`).exec(kamailio.stderr())?.[1];
