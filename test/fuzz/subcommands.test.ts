/** Bad input behind `&&`. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCommand } from '../../src/protocol/rtpproxy/parse.js';
import { MAX_COMMAND_BYTES, MAX_SUBCOMMANDS, MAX_TOKENS } from '../../src/protocol/rtpproxy/tokens.js';
import { FULL_GRAMMAR } from '../pure/rtpproxyGiven.js';
import { damaged, damages, FUZZ_BOUND, isQuick, parserSeconds, search } from './budget.js';
import { latin1 } from './commands.js';

const LIMIT_MS = 5;

const MAINS = [
  'U call 127.99.2.1 4000 from to',
  'U call 127.99.2.1 4000 from',
  'L call 127.99.2.1 4000 from to',
  'Q call from to',
  'D call from',
];
const GOOD = [
  'D',
  'Dw',
  'S ttl=5',
  'Sr tos=184',
  'M4:1 S',
  'M3:1 Dd1.2 101',
  'L6z20 2001:db8::1 4000',
  'L 127.99.2.2 4002',
  'C other a b',
];

const main = fc.constantFrom(...MAINS);
const letter = fc.constantFrom(...'DdSsMmLlCcUQ&0');
const glued = fc.string({ unit: fc.constantFrom(...'wr4:1asn6eizclrt0,.{}[]9'), maxLength: 10 });
const word = fc.oneof(
  fc.constantFrom(
    'ttl=5',
    'tos=0',
    'ttl=-1',
    'ttl=99999999999999999999',
    '=',
    'tos=1e3',
    '127.99.2.1',
    '4000',
    '::',
    '__proto__',
    '\0',
    '&',
    '&&&',
  ),
  fc.string({ maxLength: 8 }),
);
const subcommand = fc.oneof(
  fc.constantFrom(...GOOD),
  fc
    .tuple(letter, glued, fc.array(word, { maxLength: 25 }))
    .map(([head, modifiers, words]) => [head + modifiers, ...words].join(' ')),
  fc.tuple(fc.constantFrom(...GOOD), damages()).map(([text, list]) => latin1(damaged(Buffer.from(text, 'latin1'), list))),
);
const chain = fc.oneof(
  { weight: 4, arbitrary: fc.array(subcommand, { maxLength: 17 }).map((parts) => parts.map((part) => ` && ${part}`).join('')) },
  fc
    .tuple(fc.constantFrom('&& ', ' &&', '&&', '&& D ', '&&\t&&\n'), fc.nat({ max: 4_000 }))
    .map(([text, count]) => ` ${text.repeat(count)}`),
  fc
    .tuple(fc.constantFrom('M4:1 ', 'Lz', 'S ttl=', 'C '), fc.constantFrom('9', 'c0,', 'x ', '['), fc.nat({ max: 8_000 }))
    .map(([head, text, count]) => ` && ${head}${text.repeat(count)}`),
);

test('[SY-04 CW-39] any chain of sub-commands is read part by part or refused, at once', FUZZ_BOUND, async (t) => {
  await search(
    t,
    fc.tuple(main, chain),
    ([command, parts]) => {
      const text = (command + parts).slice(0, MAX_COMMAND_BYTES);
      isQuick(LIMIT_MS, () => parseCommand(text, FULL_GRAMMAR));
      const parsed = parseCommand(text, FULL_GRAMMAR);
      const words = text.split(/[ \t\r\n]+/);
      const count = words.filter((each) => each === '&&').length;
      if (!parsed.ok) return ok(['E1', 'E3', 'E5', 'E37'].includes(parsed.error), parsed.error);
      equal('subcommands' in parsed.value ? parsed.value.subcommands.length : 0, count);
      ok(count <= MAX_SUBCOMMANDS);
    },
    parserSeconds(),
  );
});

test('a good chain stays what it is, and one bad part makes all of it an error', FUZZ_BOUND, async (t) => {
  const good = fc.array(fc.constantFrom(...GOOD), { minLength: 1, maxLength: MAX_SUBCOMMANDS - 1 });
  const bad = fc.constantFrom(
    'A',
    'D x',
    'S',
    'S ttl=0',
    'M1:1',
    'M4:9 S',
    'L',
    'Ly 127.99.2.1 1',
    'C a',
    `M4:1${' x'.repeat(MAX_TOKENS)}`,
  );
  await search(t, fc.tuple(good, bad, fc.nat()), ([parts, wrong, anywhere]) => {
    const read = parseCommand([MAINS[0], ...parts].join(' && '), FULL_GRAMMAR);
    ok(read.ok && read.value.verb === 'update');
    for (const [i, part] of parts.entries()) {
      const alone = parseCommand(`${MAINS[0]} && ${part}`, FULL_GRAMMAR);
      ok(alone.ok && alone.value.verb === 'update');
      deepEqual(read.value.subcommands[i], alone.value.subcommands[0]);
    }
    const at = anywhere % (parts.length + 1);
    const spoilt = parseCommand([MAINS[0], ...parts.slice(0, at), wrong, ...parts.slice(at)].join(' && '), FULL_GRAMMAR);
    equal(spoilt.ok ? 'read' : spoilt.error, wrong.length > 30 ? 'E5' : 'E3');
  });
});
