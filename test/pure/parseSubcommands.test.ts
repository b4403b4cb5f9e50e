import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Subcommand } from '../../src/protocol/rtpproxy/command.js';
import { PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import { MAX_TOKENS } from '../../src/protocol/rtpproxy/tokens.js';
import { errorOf, FULL_GRAMMAR, PLAIN_DESCRIPTION, parsed } from './rtpproxyGiven.js';

const UPDATE = 'U c 192.0.2.1 4000 f t';
/** Commands that may not speak of the other leg. */
const OTHERS = ['U c 192.0.2.1 4000 f', 'L c 192.0.2.1 4000 f t', 'Q c f t'];

function subcommandsOf(text: string): readonly Subcommand[] {
  const command = parsed(text, FULL_GRAMMAR);
  assert.ok(command.verb === 'update' || command.verb === 'lookup' || command.verb === 'query');
  return command.subcommands;
}

function refused(main: string, subcommand: string): void {
  assert.equal(errorOf(`${main} && ${subcommand}`, FULL_GRAMMAR), 'E3', `${main} && ${subcommand}`);
  assert.equal(errorOf(`${main} && D && ${subcommand} && D`, FULL_GRAMMAR), 'E3', 'in the middle of a chain');
}

test('[CW-39] sub-commands of U, L and Q are read in their order, in either case', () => {
  const table: readonly (readonly [string, Subcommand])[] = [
    ['D', { kind: 'delete', weak: false }],
    ['dW', { kind: 'delete', weak: true }],
    ['S ttl=5', { kind: 'set', reverse: false, name: 'ttl', value: 5 }],
    ['s tos=184', { kind: 'set', reverse: false, name: 'tos', value: 184 }],
    ['Sr ttl=999999999', { kind: 'set', reverse: true, name: 'ttl', value: 999_999_999 }],
    ['SR tos=255', { kind: 'set', reverse: true, name: 'tos', value: 255 }],
    ['Sx ttl=60', { kind: 'set', reverse: false, name: 'ttl', value: 60 }],
    ['M4:1 S', { kind: 'module', module: 4, instance: 1, args: ['S'] }],
    ['m4:2', { kind: 'module', module: 4, instance: 2, args: [] }],
    ['M05:01 C 1 1 UDP', { kind: 'module', module: 5, instance: 1, args: ['C', '1', '1', 'UDP'] }],
  ];
  const chain = table.map(([text]) => ` && ${text}`).join('');
  for (const main of [UPDATE, ...OTHERS]) {
    for (const [text, wanted] of table) assert.deepEqual(subcommandsOf(`${main} && ${text}`), [wanted], `${main} && ${text}`);
    const wanted = table.map(([, subcommand]) => subcommand);
    assert.deepEqual(subcommandsOf(main + chain), wanted);
    assert.deepEqual(subcommandsOf(main), []);
  }
});

test('[CW-38] the line that asks for DTMF is read, with and without notification, on U and L', () => {
  const wanted = [{ kind: 'module', module: 3, instance: 1, args: ['Dd12.34', '101'] }];
  for (const main of [
    'U c 192.0.2.1 4000 f tcp:127.0.0.1:9 I',
    'U c 192.0.2.1 4000 f t tcp:127.0.0.1:9 T5',
    'L c 192.0.2.1 4000 f t',
  ])
    assert.deepEqual(subcommandsOf(`${main}  && M3:1 Dd12.34 101`), wanted, main);
});

test('L describes the other leg, with the modifiers of L, where the command is a U with a To tag', () => {
  const plain = { kind: 'lookup', description: { ...PLAIN_DESCRIPTION, remote: { host: '192.0.2.2', port: 4002 } } };
  assert.deepEqual(subcommandsOf(`${UPDATE} && L 192.0.2.2 4002`), [plain]);
  assert.deepEqual(subcommandsOf(`${UPDATE} && lAWc0,8L{lan}t5 192.0.2.2 4002 && D`), [
    {
      ...plain,
      description: {
        ...plain.description,
        ...{ asymmetric: true, weak: true, codecs: [0, 8], network: { kind: 'label', label: 'lan' }, callerTtlSeconds: 5 },
      },
    },
    { kind: 'delete', weak: false },
  ]);
  assert.deepEqual(subcommandsOf(`${UPDATE} && L6 2001:db8::1 4002`), [
    { ...plain, description: { ...plain.description, remote: { host: '2001:db8::1', port: 4002 }, network: { kind: 'ipv6' } } },
  ]);
});

test('C leads another session in, where the command is a U with a To tag', () => {
  const fork = { kind: 'fork', call: 'other', tags: { from: 'a;1', to: 'b;1' } };
  assert.deepEqual(subcommandsOf(`${UPDATE} && C other a;1 b;1 && c other a;1 b;1`), [fork, fork]);
});

test('E3: L and C behind anything else than a U with a To tag', () => {
  for (const main of OTHERS) for (const text of ['L 192.0.2.2 4002', 'C other a b']) refused(main, text);
  refused('U c 192.0.2.1 4000 f tcp:127.0.0.1:9 tag', 'L 192.0.2.2 4002');
  assert.equal(subcommandsOf('U c 192.0.2.1 4000 f t tcp:127.0.0.1:9 tag && L 192.0.2.2 4002').length, 1);
});

test('E3: whatever else is wrong in a sub-command', () => {
  const wrong = {
    unknown: ['A', 'U 192.0.2.2 4002', 'Q', 'V', 'X', '&', '0', '\xff'],
    delete: ['Dx', 'Dww', 'D w', 'DD'],
    set: [
      'S',
      'S ttl=0',
      'S ttl=',
      'S ttl',
      'S ttl=-1',
      'S ttl=1x',
      'S ttl=9999999999',
      'S TTL=5',
      'S tos=0',
      'S tos=256',
      'S x=5',
    ],
    setShape: ['Srr ttl=5', 'S ttl=5 x', 'S ttl=5 tos=5', 'S ttl =5', 'Sttl=5', 'S tos=0x10'],
    module: [
      'M',
      'M4',
      'M4:',
      'M:1',
      'M0:1',
      'M4:0',
      'M4:3',
      'M1:1',
      'M9:1',
      'M4:1x',
      'Mx:1',
      'M4:1:1',
      'M-4:1',
      'M9999999999:1',
    ],
    lookup: [
      'L',
      'L 192.0.2.2',
      'L 192.0.2.2 4002 x',
      'L 192.0.2.256 4002',
      'L 192.0.2.2 x',
      'Ly 192.0.2.2 4002',
      'Lc 192.0.2.2 1',
    ],
    lookupModifiers: [
      'Lz 192.0.2.2 1',
      'Lieie 192.0.2.2 1',
      'Ll{x} 192.0.2.2 1',
      'Lr 192.0.2.2 1',
      'Lt0 192.0.2.2 1',
      'L6 127.0.0.1 1',
    ],
    fork: ['C', 'C other', 'C other a', 'C other a b c', 'Cs other a b', 'Cw other a b'],
  };
  for (const text of Object.values(wrong).flat()) refused(UPDATE, text);
});

test('E3: a module that is not loaded', () => {
  for (const main of [UPDATE, ...OTHERS]) assert.equal(errorOf(`${main} && M4:1 S`, PLAIN_GRAMMAR), 'E3', main);
});

test('a sub-command has as many words as a command', () => {
  const words = (count: number): string => `M4:1${' x'.repeat(count - 1)}`;
  assert.equal(subcommandsOf(`${UPDATE} && ${words(MAX_TOKENS)}`).length, 1);
  assert.equal(errorOf(`${UPDATE} && ${words(MAX_TOKENS + 1)}`, FULL_GRAMMAR), 'E5');
});
