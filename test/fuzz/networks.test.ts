/** Bad input to `-l`, `-6` and `-A`. */
import { equal, ok } from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { refuse } from '../../model/kernel/index.js';
import { parseNetworks } from '../../src/relay/networks/parse.js';
import { FUZZ_BOUND, search } from './budget.js';

const piece = fc.oneof(
  fc.constantFrom(
    '10.0.0.1',
    '10.0.0.2',
    '::1',
    '[::1]',
    '*',
    'lan@',
    '@',
    '=',
    '=203.0.113.5',
    '/',
    '',
    'example.org',
    '1.2.3',
    '[',
    ']',
    '__proto__',
  ),
  fc.string({ maxLength: 6 }),
);
const text = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
const entry = fc.record({ family: fc.constantFrom('IPv4' as const, 'IPv6' as const), text });

test('[SY-04] any networks are read or refused in one line, and what is read can be used', FUZZ_BOUND, async (t) => {
  await search(t, fc.tuple(fc.array(entry, { maxLength: 5 }), fc.option(text)), async ([entries, advertise]) => {
    const parsed = await parseNetworks(entries, advertise, async (name) => refuse(`expected another name than ${name}`));
    if (!parsed.ok) return ok(/^-[l6A] .*: expected /s.test(parsed.error), parsed.error);
    const { networks, bridge } = parsed.value;
    ok(networks.length >= 1 && networks.length <= 16);
    for (const { host, advertised } of networks) ok(isIP(host) > 0 && advertised !== '');
    const labels = networks.flatMap(({ label }) => label ?? []);
    equal(new Set(labels).size, labels.length);
    ok(networks.every(({ label }, i) => label !== null || i < (bridge === null ? 1 : 2)));
    if (bridge !== null)
      equal(
        [bridge.internal, bridge.external].every((end, i) => end === networks[i]),
        true,
      );
  });
});
