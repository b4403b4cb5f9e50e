import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RtpproxyCommand } from '../../src/protocol/rtpproxy/command.js';
import { ERROR_CODES } from '../../src/protocol/rtpproxy/errors.js';
import { parseCommand } from '../../src/protocol/rtpproxy/parse.js';
import { MAX_SUBCOMMANDS, MAX_TOKENS, splitTokens } from '../../src/protocol/rtpproxy/tokens.js';
import { runs } from '../property/runs.js';

function parsed(text: string): RtpproxyCommand {
  const result = parseCommand(text);
  assert.ok(result.ok, `${text} got ${result.ok ? '' : result.error}`);
  return result.value;
}

/** The error of a command, or what it was taken for. */
function error(text: string): string {
  const result = parseCommand(text);
  return result.ok ? JSON.stringify(result.value) : result.error;
}

/** A command of so many tokens. */
const ofLength = (head: string, tokens: number): string =>
  [head, ...Array.from({ length: tokens - 1 }, (_, i) => `x${i}`)].join(' ');

test('every verb of the table is read, in either case', () => {
  const table: readonly (readonly [string, RtpproxyCommand])[] = [
    ['V', { verb: 'version' }],
    ['VF 20050322', { verb: 'capability', date: '20050322' }],
    ['I', { verb: 'info', load: false }],
    ['X', { verb: 'deleteAll' }],
    ['D c f', { verb: 'delete', call: 'c', tags: { from: 'f', to: null }, weak: false }],
    ['D c f t', { verb: 'delete', call: 'c', tags: { from: 'f', to: 't' }, weak: false }],
    ['Q c f t', { verb: 'query', call: 'c', tags: { from: 'f', to: 't' }, modifiers: '', names: [] }],
    ['Q c f', { verb: 'query', call: 'c', tags: { from: 'f', to: null }, modifiers: '', names: [] }],
  ];
  for (const [text, wanted] of table) {
    assert.deepEqual(parsed(text), wanted);
    assert.deepEqual(parsed(text.charAt(0).toLowerCase() + text.slice(1)), wanted);
  }
  assert.deepEqual(parsed('vf 20050322'), parsed('VF 20050322'));
  const plain = { remote: { host: '192.0.2.1', port: 4000 }, held: false, weak: false, asymmetric: null, codecs: [] };
  assert.deepEqual(parsed('U c 192.0.2.1 4000 f'), { verb: 'update', call: 'c', tags: { from: 'f', to: null }, ...plain });
  assert.deepEqual(parsed('l c 192.0.2.1 4000 f t'), { verb: 'lookup', call: 'c', tags: { from: 'f', to: 't' }, ...plain });
});

test('arguments are kept as they are: case, semicolons and odd bytes', () => {
  const command = parsed('D Call-1@Host;z9hG4bK7;Q F%20;1 \xff\x01;2');
  assert.ok(command.verb === 'delete');
  assert.equal(command.call, 'Call-1@Host;z9hG4bK7;Q');
  assert.deepEqual(command.tags, { from: 'F%20;1', to: '\xff\x01;2' });
});

test('E0: a letter that is no command', () => {
  for (const letter of 'ABCEFGHJKMNOPRSTWYZ0!-&%') assert.equal(error(`${letter} a b`), 'E0', letter);
  assert.equal(error('&a'), 'E0');
  assert.equal(error('\x01'), 'E0');
});

test('E1: fewer or more arguments than the command takes', () => {
  const bounds = { V: [1, 1], VF: [2, 2], I: [1, 1], X: [1, 1], D: [3, 4], Q: [3, 15], U: [5, 8], L: [5, 6] } as const;
  for (const [head, [min, max]] of Object.entries(bounds)) {
    for (let tokens = 1; tokens <= MAX_TOKENS; tokens++) {
      const isWrong = tokens < min || tokens > max;
      assert.equal(error(ofLength(head, tokens)) === 'E1', isWrong, `${head} with ${tokens} tokens`);
    }
  }
});

test('E2: modifiers on commands that take none', () => {
  for (const text of ['V1', 'Vx', 'VFx 20050322', 'X1', 'xx']) assert.equal(error(text), 'E2', text);
});

test('E3: no sub-command is known, and some commands take none at all', () => {
  for (const text of ['U c 192.0.2.1 4000 f && D', 'Q c f && S ttl=3', 'V && V', 'D c f && Q', 'X && X'])
    assert.equal(error(text), 'E3', text);
});

test('E5: nothing, NUL, too many tokens, empty or too many sub-commands', () => {
  for (const text of [
    '',
    ' ',
    '\n',
    '\t \r\n',
    'V\0',
    'D c\0 f',
    'V &&',
    '&& V',
    'V && && V',
    '&&',
    ofLength('Q', MAX_TOKENS + 1),
  ])
    assert.equal(error(text), 'E5', JSON.stringify(text));
  assert.equal(error(ofLength('Q', MAX_TOKENS)), 'E1', '23 tokens can be read');
  assert.equal(error(`V && ${ofLength('S', MAX_TOKENS)}`), 'E3');
  assert.equal(error(`V && ${ofLength('S', MAX_TOKENS + 1)}`), 'E5');
  const withSubcommands = (count: number): string => `V${' && S'.repeat(count)}`;
  assert.equal(error(withSubcommands(MAX_SUBCOMMANDS)), 'E3', '15 sub-commands can be read');
  assert.equal(error(withSubcommands(MAX_SUBCOMMANDS + 1)), 'E5');
  assert.deepEqual([MAX_TOKENS, MAX_SUBCOMMANDS], [23, 15]);
});

test('E8 and E18: modifiers that D and I do not know; those they know, in either case', () => {
  for (const text of ['Dx c f', 'Dwx c f', 'Ds c f']) assert.equal(error(text), 'E8', text);
  for (const text of ['Dw c f', 'DW c f', 'dw c f t'])
    assert.equal(parsed(text).verb === 'delete' && (parsed(text) as { weak: boolean }).weak, true);
  for (const text of ['Ix', 'Ibx']) assert.equal(error(text), 'E18', text);
  for (const [text, load] of [
    ['Ib', false],
    ['IB', false],
    ['Il', true],
    ['IbL', true],
    ['ilb', true],
  ] as const)
    assert.deepEqual(parsed(text), { verb: 'info', load });
});

test('the modifiers of Q are left for later, because the session is looked for first', () => {
  const command = parsed('QvX c f');
  assert.ok(command.verb === 'query');
  assert.equal(command.modifiers, 'vX');
});

test('the names that Q asks for are those behind the To tag, at most eleven', () => {
  const command = parsed('Q c f t ttl nrelayed ttl nonsense');
  assert.ok(command.verb === 'query');
  assert.deepEqual(command.names, ['ttl', 'nrelayed', 'ttl', 'nonsense']);
  const longest = parsed(ofLength('Q', 15));
  assert.ok(longest.verb === 'query' && longest.names.length === 11);
});

test('the checks come in their order: reading, letter, count, modifiers, sub-commands, the command itself', () => {
  const ladder: readonly (readonly [string, string])[] = [
    ['Z1 a\0 && ', 'E5'],
    ['Z1 a && ', 'E5'],
    ['Z1 a && b', 'E0'],
    ['V1 a && b', 'E1'],
    ['V1 && b', 'E2'],
    ['V && b', 'E3'],
    ['Dx c f && b', 'E3'],
    ['Dx c f', 'E8'],
    ['Uy6 c localhost x f && b', 'E3'],
    ['Uy6 c localhost x f sock %zz', 'E10'],
    ['Uy6 c localhost x f', 'E35'],
    ['U6 c localhost x f', 'E36'],
    ['U c localhost x f', 'E37'],
  ];
  for (const [text, code] of ladder) assert.equal(error(text), code, text);
});

test('tokens are parted by any run of blanks, tabs and line ends', () => {
  assert.deepEqual(splitTokens('  D \t c\r\n f\n'), ['D', 'c', 'f']);
  assert.deepEqual(splitTokens('D\u00a0c'), ['D\u00a0c'], 'and by no other blank');
  assert.deepEqual(parsed(' \tD  c\tf \r\n'), parsed('D c f'));
  assert.deepEqual(parsed('D c f\n'), parsed('D c f'));
});

const KNOWN_ERRORS: ReadonlySet<string> = new Set(Object.values(ERROR_CODES));

test('whatever is sent is read or refused with a code, and nothing throws', () => {
  const word = fc.oneof(fc.constantFrom('U', 'L', 'D', 'Q', 'VF', '&&', 'c', '192.0.2.1', '4000', '%', 'w'), fc.string());
  const text = fc.oneof(
    fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
    fc.string({ unit: 'binary' }),
  );
  const property = fc.property(text, (sent) => {
    const result = parseCommand(sent);
    assert.ok(result.ok || KNOWN_ERRORS.has(result.error));
  });
  fc.assert(property, { numRuns: runs(1000) });
});
