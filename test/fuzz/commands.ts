import fc from 'fast-check';
import { damaged, damages } from './budget.js';

/** Commands as clients send them, one of each kind and shape. */
const GOOD_COMMANDS = [
  'V',
  'VF 20040107',
  'U call 127.99.2.1 4000 from',
  'Uc0,8,101 call 127.99.2.1 4000 from;1',
  'UAEI call 127.99.2.1 4000 from to',
  'U6 call 2001:db8::1 4000 from',
  'Uw call-1 0.0.0.0 4000 from;1 to;1 udp:127.99.2.9:5000 tag%20x',
  'LSc18 call 127.99.2.2 4002 from to',
  'L call 127.99.2.2 4002 from to && D',
  'D call from to',
  'Dw call from',
  'Q call from to',
  'Qv call from to ttl npkts_ina npkts_ino nrelayed ndropped',
  'I',
  'Ibl',
  'X',
  'P2 call prompt session from to',
  'S call from to',
  'R call from to',
  'C call udp:127.99.2.3:9 from to',
  'N call from to',
  'Gv nsess_created',
  'U call 127.99.2.1 4000 from && M4:1 S && S ttl=5',
  'UZ20\xda\x0bVc96 call 127.99.2.1 4000 from;2',
  'UZ20 \n\tc96 call 127.99.2.1 4000 from;2 to;2',
  'UZ20\0\0\0c96 call 127.99.2.1 4000 from;2',
  'UIEZ30c0,8t60T120 call 127.99.2.1 4000 from',
  'LL127.0.0.1Z20 call 127.99.2.1 4000 from to',
  'U66R[2001:db8::1]N call 2001:db8::1 4000 from',
  'UL{lan} call 127.99.2.1 4000 from to',
  'U call 127.99.2.1 4000 from to xmlrpc:http://127.0.0.1:8000/RPC2',
  'U call 127.99.2.1 4000 from xmlrpc:http://127.0.0.1:8000/RPC2;tag',
  'U call 127.99.2.1 4000 from to tcp:%%CC_SELF%%:9 r%201 && M3:1 Dd1.2 101',
  'U call 127.99.2.1 4000 from to && L6 2001:db8::1 4002 && Sr tos=8 && C other a b && Dw',
  'P-1 call prompt 0,8 from',
  'Csp call udp:127.99.2.3:9 from',
  'Na call from to',
];

/** What makes parsers stumble, in places where a word is expected. */
const WORDS = [
  ...[
    '',
    '&&',
    ';',
    ';;',
    ';1',
    'from',
    'to',
    '%',
    '%zz',
    '%00',
    '-1',
    '0',
    '00',
    '65535',
    '65536',
    '99999999999999999999',
    '1e9',
    'NaN',
  ],
  ...[
    '0.0.0.0',
    '1.2.3',
    '1.2.3.4.5',
    '255.255.255.255',
    '256.1.1.1',
    '01.2.3.4',
    '::',
    '::1',
    '[::1]',
    '::ffff:1.2.3.4',
    'fe80::1%eth0',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '\0',
    '\x7f',
    '\xff\xfe',
    '"',
    "'",
    '$(x)',
    '../..',
    'a'.repeat(300),
  ],
];

const letters = fc.constantFrom(...'UuLlDdQqIiVvXxPpSsRrCcNnGg&0 ');
const modifiers = fc.string({ unit: fc.constantFrom(...'asewvbl6cizrn0123456789,.{}[]:'), maxLength: 12 });
const word = fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 12 }), fc.ipV4(), fc.ipV6(), fc.nat().map(String));

/** Text for the command parser, one character a byte: noise, words in the order of a command, and good commands with damage. */
export const commandTexts = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map(latin1),
    fc.uint8Array({ minLength: 4_000, maxLength: 9_000, size: 'max' }).map(latin1),
    fc
      .tuple(letters, modifiers, fc.array(word, { maxLength: 30 }))
      .map(([letter, glued, words]) => `${letter}${glued} ${words.join(' ')}`),
    fc
      .tuple(fc.constantFrom(...GOOD_COMMANDS), damages())
      .map(([text, list]) => latin1(damaged(Buffer.from(text, 'latin1'), list))),
    fc
      .tuple(fc.constantFrom(...'cUa0, ;&%'), fc.nat({ max: 8_191 }))
      .map(([letter, count]) => `U${letter.repeat(count)} call 127.99.2.1 1 from`),
  );

export const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
