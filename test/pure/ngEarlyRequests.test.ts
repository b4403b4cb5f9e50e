import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { EarlyRequests } from '../../src/relay/ng/earlyRequests.js';
import type { NgOrigin } from '../../src/relay/ng/ngOrigin.js';

const ORIGIN = { transport: 'udp', client: '127.0.0.1', identity: null, connection: null } as NgOrigin;

test('[NG-01] what is asked before anybody can carry it out is answered as soon as somebody can, in its order', () => {
  const early = new EarlyRequests();
  const answers: string[] = [];
  const ask = (payload: string): void => early.handle(payload, ORIGIN, (reply) => answers.push(reply));
  ask('list');
  ask('statistics');
  deepEqual(answers, []);
  early.serve((payload, origin, answer) => answer(`${payload} for ${origin.client}`));
  ask('ping');
  deepEqual(answers, ['list for 127.0.0.1', 'statistics for 127.0.0.1', 'ping for 127.0.0.1']);
});

test('no more than ten thousand wait', () => {
  const early = new EarlyRequests();
  for (let i = 0; i < 10_500; i++) early.handle(`${i}`, ORIGIN, () => {});
  let carriedOut = 0;
  early.serve(() => void carriedOut++);
  deepEqual(carriedOut, 10_000);
});
