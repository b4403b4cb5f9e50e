import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { QUERY_COUNTERS, type RtpproxyCommand } from '../../src/protocol/rtpproxy/command.js';
import { ERROR_CODES } from '../../src/protocol/rtpproxy/errors.js';
import { PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import { parseCommand, parseTokens } from '../../src/protocol/rtpproxy/parse.js';
import { MAX_SUBCOMMANDS, MAX_TOKENS, splitTokens } from '../../src/protocol/rtpproxy/tokens.js';
import { runs } from '../property/runs.js';
import { assertSays, errorOf, FULL_GRAMMAR, PLAIN_DESCRIPTION, parsed } from './rtpproxyGiven.js';

/** A command of so many tokens. */
const ofLength = (head: string, tokens: number): string =>
  [head, ...Array.from({ length: tokens - 1 }, (_, i) => `x${i}`)].join(' ');

const F = { from: 'f', to: null };
const FT = { from: 'f', to: 't' };

test('every verb of the table is read, in either case', () => {
  const side = { ...PLAIN_DESCRIPTION, notify: null, subcommands: [] };
  const table: readonly (readonly [string, object])[] = [
    ['V', { verb: 'version' }],
    ['VF 20050322', { verb: 'capability', date: '20050322' }],
    ['I', { verb: 'info', load: false }],
    ['X', { verb: 'deleteAll' }],
    ['U c 192.0.2.1 4000 f', { verb: 'update', call: 'c', tags: F, ...side }],
    ['L c 192.0.2.1 4000 f t', { verb: 'lookup', call: 'c', tags: FT, ...side }],
    ['D c f', { verb: 'delete', call: 'c', tags: F, weak: false }],
    ['D c f t', { verb: 'delete', call: 'c', tags: FT, weak: false }],
    ['P c /prompt session f', { verb: 'play', call: 'c', tags: F, prompt: '/prompt', codecs: 'session', count: 1 }],
    ['P c a/b 0,8 f t', { verb: 'play', call: 'c', tags: FT, prompt: 'a/b', codecs: '0,8', count: 1 }],
    ['S c f', { verb: 'stopPlay', call: 'c', tags: F }],
    ['S c f t', { verb: 'stopPlay', call: 'c', tags: FT }],
    ['R c f', { verb: 'record', call: 'c', tags: F, single: false }],
    ['R c f t', { verb: 'record', call: 'c', tags: FT, single: false }],
    ['C c udp:192.0.2.9:4 f', { verb: 'copy', call: 'c', tags: F, target: 'udp:192.0.2.9:4', single: false, reportPort: false }],
    ['C c name.a f t', { verb: 'copy', call: 'c', tags: FT, target: 'name.a', single: false, reportPort: false }],
    ['N c f', { verb: 'stopRecord', call: 'c', tags: F, both: false }],
    ['N c f t', { verb: 'stopRecord', call: 'c', tags: FT, both: false }],
    ['Q c f', { verb: 'query', call: 'c', tags: F, modifiers: '', names: [], subcommands: [] }],
    ['Q c f t', { verb: 'query', call: 'c', tags: FT, modifiers: '', names: [], subcommands: [] }],
    ['G', { verb: 'statistics', verbose: false, names: [] }],
    ['G a b', { verb: 'statistics', verbose: false, names: ['a', 'b'] }],
  ];
  for (const [text, wanted] of table) {
    assert.deepEqual(parsed(text), wanted);
    assert.deepEqual(parsed(text.charAt(0).toLowerCase() + text.slice(1)), wanted);
  }
  assert.deepEqual(parsed('vf 20050322'), parsed('VF 20050322'));
});

test('arguments are kept as they are: case, semicolons and odd bytes', () => {
  const command = parsed('D Call-1@Host;z9hG4bK7;Q F%20;1 \xff\x01;2');
  assert.ok(command.verb === 'delete');
  assert.equal(command.call, 'Call-1@Host;z9hG4bK7;Q');
  assert.deepEqual(command.tags, { from: 'F%20;1', to: '\xff\x01;2' });
});

test('[CW-33 CW-34] the lines of the media functions are read, with their counts, letters and a blank at the end', () => {
  const table: readonly (readonly [string, Partial<RtpproxyCommand>])[] = [
    ['P-1 c /moh session F;1 T;1', { verb: 'play', count: -1 }],
    ['P3 c /moh 0,8 F;1 ', { verb: 'play', count: 3, tags: { from: 'F;1', to: null } }],
    ['p+2 c /moh 0,8 F;1', { verb: 'play', count: 2 }],
    ['P0 c /moh 0,8 F;1', { verb: 'play', count: 0 }],
    ['P-0 c /moh 0,8 F;1', { verb: 'play', count: 0 }],
    ['S c F;1 ', { verb: 'stopPlay' }],
    ['S c T;1 F;1', { verb: 'stopPlay' }],
    ['Rs c F T', { verb: 'record', single: true }],
    ['RSs c F', { verb: 'record', single: true }],
    ['Cs c name F T', { verb: 'copy', single: true, reportPort: false }],
    ['CP c udp:192.0.2.1:9 F;1 T;1', { verb: 'copy', single: false, reportPort: true }],
    ['Cps c udp:192.0.2.1:9 F', { verb: 'copy', single: true, reportPort: true }],
    ['Na c F;1 T;1', { verb: 'stopRecord', both: true }],
    ['NA c F', { verb: 'stopRecord', both: true }],
    ['Gv a b', { verb: 'statistics', verbose: true }],
    ['GV', { verb: 'statistics', verbose: true }],
  ];
  for (const [text, wanted] of table) assertSays(parsed(text), wanted, text);
});

test('E0: a letter that is no command', () => {
  for (const letter of 'ABEFHJKMOTWYZ0!-&%') assert.equal(errorOf(`${letter} a b`), 'E0', letter);
  for (const head of ['&a', '\x01', 'Foo', '\xdf']) assert.equal(errorOf(head), 'E0', head);
});

test('E1: fewer or more arguments than the command takes', () => {
  const bounds: Readonly<Record<string, readonly [number, number]>> = {
    V: [1, 1],
    VF: [2, 2],
    I: [1, 1],
    X: [1, 1],
    D: [3, 4],
    U: [5, 8],
    L: [5, 6],
    G: [1, MAX_TOKENS],
    P: [5, 6],
    S: [3, 4],
    R: [3, 4],
    C: [4, 5],
    N: [3, 4],
    Q: [3, 4 + QUERY_COUNTERS.length],
  };
  for (const [head, [min, max]] of Object.entries(bounds)) {
    for (let tokens = 1; tokens <= MAX_TOKENS; tokens++) {
      const isWrong = tokens < min || tokens > max;
      assert.equal(errorOf(ofLength(head, tokens)) === 'E1', isWrong, `${head} with ${tokens} tokens`);
    }
  }
});

test('E2: modifiers on commands that take none', () => {
  for (const text of ['V1', 'Vx', 'VFx 20050322', 'X1', 'xx', 'Sx c f', 'S1 c f t']) assert.equal(errorOf(text), 'E2', text);
});

test('E3: sub-commands on commands that take none', () => {
  for (const text of ['V', 'VF 1', 'D c f', 'P c p 0 f', 'S c f', 'R c f', 'C c n f', 'N c f', 'I', 'X', 'G'])
    assert.equal(errorOf(`${text} && D`, FULL_GRAMMAR), 'E3', text);
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
    assert.equal(errorOf(text), 'E5', JSON.stringify(text));
  assert.equal(errorOf(ofLength('Q', MAX_TOKENS)), 'E1', '23 tokens can be read');
  assert.equal(errorOf(`V && ${ofLength('S', MAX_TOKENS)}`), 'E3');
  assert.equal(errorOf(`V && ${ofLength('S', MAX_TOKENS + 1)}`), 'E5');
  const withSubcommands = (count: number): string => `Q c f${' && D'.repeat(count)}`;
  assert.equal(parsed(withSubcommands(MAX_SUBCOMMANDS)).verb, 'query', '15 sub-commands can be read');
  assert.equal(errorOf(withSubcommands(MAX_SUBCOMMANDS + 1)), 'E5');
  assert.deepEqual([MAX_TOKENS, MAX_SUBCOMMANDS], [23, 15]);
});

test('modifiers that a command does not know are its own error', () => {
  const table: Readonly<Record<string, readonly string[]>> = {
    E6: ['Rp c f', 'RP c f t', 'Rsp c f', 'Rpx c f', 'Nax c f', 'NAa c f t'],
    E7: ['Rx c f', 'RNone c f t', 'Rsx c f', 'Rxp c f', 'Cx c n f', 'Csx c n f t', 'Ca c n f', 'Nx c f', 'Np c f', 'Nxa c f'],
    E8: ['Dx c f', 'Dwx c f', 'Ds c f', 'Dxw c f t'],
    E9: ['Gx', 'Gvx a', 'Gb a', 'G1'],
    E17: ['Px c p 0 f', 'P1x c p 0 f', 'P- c p 0 f', 'P+ c p 0 f', 'P1.5 c p 0 f t', 'P0x1 c p 0 f', 'P9999999999 c p 0 f'],
    E18: ['Ix', 'Ibx', 'Iv', 'I1'],
  };
  for (const [code, texts] of Object.entries(table)) for (const text of texts) assert.equal(errorOf(text), code, text);
});

test('the modifiers of D and I that are known are read in either case', () => {
  for (const text of ['Dw c f', 'DW c f', 'dw c f t']) assertSays(parsed(text), { verb: 'delete', weak: true });
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
  assertSays(parsed('QvX c f'), { verb: 'query', modifiers: 'vX' });
});

test('[CW-31] the names that Q asks for are those behind the To tag; all there are fit into one command', () => {
  assertSays(parsed('Q c F;1 ;1 ttl nrelayed ttl nonsense'), {
    tags: { from: 'F;1', to: ';1' },
    names: ['ttl', 'nrelayed', 'ttl', 'nonsense'],
  });
  assert.equal(QUERY_COUNTERS.length, 14);
  assertSays(parsed(`Q c f t ${QUERY_COUNTERS.join(' ')}`), { names: [...QUERY_COUNTERS] });
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
    ['Uy6 c localhost x f sock %zz && b', 'E10'],
    ['Uy6 c localhost x f sock tag && b', 'E35'],
    ['Uiy6 c localhost x f', 'E12'],
    ['U6 c localhost x f sock tag && b', 'E36'],
    ['U c localhost x f sock tag && b', 'E37'],
    ['U c 192.0.2.1 4000 f sock tag && b', 'E75'],
    ['U c 192.0.2.1 4000 f && b', 'E3'],
    ['Qx c f && b', 'E3'],
  ];
  for (const [text, code] of ladder) assert.equal(errorOf(text), code, text);
});

test('[CW-01] tokens are parted by any run of blanks, tabs and line ends', () => {
  assert.deepEqual(splitTokens('  D \t c\r\n f\n'), ['D', 'c', 'f']);
  assert.deepEqual(splitTokens('D\u00a0c'), ['D\u00a0c'], 'and by no other blank');
  assert.deepEqual(parsed(' \tD  c\tf \r\n'), parsed('D c f'));
  assert.deepEqual(parsed('D c f\n'), parsed('D c f'));
});

test('a command that was split before is read as the whole one', () => {
  assert.deepEqual(parseTokens(['D', 'c', 'f'], PLAIN_GRAMMAR), parseCommand('D c f', PLAIN_GRAMMAR));
  assert.deepEqual(parseTokens([], PLAIN_GRAMMAR), parseCommand('', PLAIN_GRAMMAR));
});

const KNOWN_ERRORS: ReadonlySet<string> = new Set(Object.values(ERROR_CODES));

test('whatever is sent is read or refused with a code, and nothing throws', () => {
  const word = fc.oneof(fc.constantFrom('U', 'L', 'D', 'Q', 'VF', '&&', 'c', '192.0.2.1', '4000', '%', 'w'), fc.string());
  const text = fc.oneof(
    fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
    fc.string({ unit: 'binary' }),
  );
  const property = fc.property(text, fc.constantFrom(PLAIN_GRAMMAR, FULL_GRAMMAR), (sent, grammar) => {
    const result = parseCommand(sent, grammar);
    assert.ok(result.ok || KNOWN_ERRORS.has(result.error));
  });
  fc.assert(property, { numRuns: runs(1000) });
});
