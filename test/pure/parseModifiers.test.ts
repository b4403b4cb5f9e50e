import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Description } from '../../src/protocol/rtpproxy/command.js';
import { type Grammar, PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import { assertSays, commandOf, errorOf, FULL_GRAMMAR, parsedUpdate } from './rtpproxyGiven.js';

const BRIDGING: Grammar = { ...PLAIN_GRAMMAR, bridging: true };

/** Checks what these letters behind U and L say; `host` is the remote address. */
function says(letters: string, wanted: Partial<Description>, grammar: Grammar = FULL_GRAMMAR, host = '192.0.2.1'): void {
  for (const verb of ['U', 'L', 'u', 'l']) {
    const text = commandOf(verb + letters, host);
    assertSays(parsedUpdate(text, grammar), wanted, text);
  }
}

function refuses(code: string, letters: readonly string[], grammar: Grammar = PLAIN_GRAMMAR): void {
  for (const glued of letters)
    for (const verb of ['U', 'L']) assert.equal(errorOf(commandOf(verb + glued), grammar), code, glued);
}

test('the letters that say all themselves: a s w n', () => {
  const table: readonly (readonly [string, Partial<Description>])[] = [
    ['', { weak: false, asymmetric: null, newPort: false, resizeMs: null, codecs: [], network: { kind: 'default' } }],
    ['a', { asymmetric: true }],
    ['s', { asymmetric: false }],
    ['aS', { asymmetric: false }],
    ['sA', { asymmetric: true }],
    ['w', { weak: true }],
    ['ww', { weak: true }],
    ['n', { newPort: true }],
  ];
  for (const [letters, wanted] of table) {
    says(letters, wanted, PLAIN_GRAMMAR);
    says(letters.toUpperCase().replace('AS', 'aS').replace('SA', 'sA'), wanted, PLAIN_GRAMMAR);
  }
});

test('[CW-21] the modifiers of every client, in any order and either case', () => {
  const iAndE = { kind: 'bridge', caller: 'internal', callee: 'external' } as const;
  const table: readonly (readonly [string, Partial<Description>])[] = [
    [
      'AEIZ30c0,8,101',
      { asymmetric: true, network: { ...iAndE, caller: 'external', callee: 'internal' }, resizeMs: 30, codecs: [0, 8, 101] },
    ],
    ['c0IE', { codecs: [0], network: iAndE }],
    ['IEc0', { codecs: [0], network: iAndE }],
    ['R1.2.3.4c0', { network: { kind: 'towards', host: '1.2.3.4' }, codecs: [0] }],
    ['L127.0.0.1Z20', { network: { kind: 'address', host: '127.0.0.1' }, resizeMs: 20 }],
    ['l127.0.0.1z20', { network: { kind: 'address', host: '127.0.0.1' }, resizeMs: 20 }],
    ['z20R1.2.3.4N', { resizeMs: 20, network: { kind: 'towards', host: '1.2.3.4' }, newPort: true }],
    ['c0,8awZ40nS', { codecs: [0, 8], asymmetric: false, weak: true, resizeMs: 40, newPort: true }],
  ];
  for (const [letters, wanted] of table) says(letters, wanted);
  says(
    'R[::1]6',
    { network: { kind: 'towards', host: '::1' }, remote: { host: '2001:db8::1', port: 4000 } as never },
    FULL_GRAMMAR,
    '2001:db8::1',
  );
});

test('[CW-22] 6 says that the address is IPv6, as often as it is said, and picks such a network where nothing else is asked', () => {
  const remote = { host: '2001:db8::1', port: 4000 } as never;
  for (const letters of ['6', '66', '666c0', 'c0a6', 'a6s6'])
    says(letters, { remote, network: { kind: 'ipv6' } }, FULL_GRAMMAR, '2001:db8::1');
  says(
    'EI66',
    { remote, network: { kind: 'bridge', caller: 'external', callee: 'internal', ipv6: true } },
    BRIDGING,
    '2001:db8::1',
  );
  says('6l10.0.0.1', { remote, network: { kind: 'address', host: '10.0.0.1' } }, PLAIN_GRAMMAR, '2001:db8::1');
});

test('[CW-26 KM-44] e and i: one or two of them, where bridging is configured', () => {
  const bridge = (caller: 'internal' | 'external', callee: 'internal' | 'external' | null = null) => ({
    network: { kind: 'bridge' as const, caller, callee },
  });
  says('I', bridge('internal'), BRIDGING);
  says('e', bridge('external'), BRIDGING);
  says('IE', bridge('internal', 'external'), BRIDGING);
  says('eI', bridge('external', 'internal'), BRIDGING);
  says('iawI', bridge('internal', 'internal'), BRIDGING);
  says('EE', bridge('external', 'external'), BRIDGING);
});

test('[CW-26] E11 and E12: e or i without bridging, or a third of them; the first that is wrong answers', () => {
  refuses('E11', ['e', 'E', 'EI', 'aE', 'ei']);
  refuses('E12', ['i', 'I', 'IE', 'wI']);
  refuses('E11', ['iie', 'IEE', 'eIaE'], BRIDGING);
  refuses('E12', ['eei', 'IEI', 'IIII', 'eeiz0'], BRIDGING);
});

test('[CW-24] E13: z without a number from 1 to 999', () => {
  says('z1', { resizeMs: 1 });
  says('Z999', { resizeMs: 999 });
  says('z020a', { resizeMs: 20, asymmetric: true });
  refuses('E13', ['z', 'Z0', 'z000', 'z1000', 'Zc0', 'z-1', 'zz20', 'az', `z${'9'.repeat(400)}`]);
});

test('[CW-24] E14: a codec list that is empty or comes twice; stray commas and numbers that are no payload type are let pass', () => {
  refuses('E14', ['c', 'cw', 'C', 'c0c8', 'c0wc', 'c-1']);
  says('c,0,,8,', { codecs: [0, 8] });
  says('c,', { codecs: [] });
  says(`c0,127,128,${'9'.repeat(400)},8`, { codecs: [0, 127, 8] });
});

test('[PN-49] l and r take a numeric address, l a label as well; the last of them counts, and for more than e, i and 6', () => {
  says('l10.0.0.1', { network: { kind: 'address', host: '10.0.0.1' } });
  says('L[2001:DB8::0:1]a', { network: { kind: 'address', host: '2001:db8::1' }, asymmetric: true });
  says('l[::ffff:192.0.2.1]', { network: { kind: 'address', host: '::ffff:c000:201' } });
  says('l{lan}', { network: { kind: 'label', label: 'lan' } });
  says('aL{wan-2}c0', { network: { kind: 'label', label: 'wan-2' }, asymmetric: true, codecs: [0] });
  says('r10.0.0.1w', { network: { kind: 'towards', host: '10.0.0.1' }, weak: true });
  says('r[::1]', { network: { kind: 'towards', host: '::1' } });
  says('l10.0.0.1r10.0.0.2', { network: { kind: 'towards', host: '10.0.0.2' } });
  says('ieL10.0.0.1', { network: { kind: 'address', host: '10.0.0.1' } });
  says('l10.0.0.1e', { network: { kind: 'address', host: '10.0.0.1' } });
});

test('E15 and E16: what stands behind l or r does not look like an address', () => {
  const wrong = ['', 'a', '[', '[::1', '[g::]', '::1', 'localhost'];
  refuses('E15', [...wrong.map((text) => `l${text}`), 'l{', 'l{lan', 'L{lan['], FULL_GRAMMAR);
  refuses('E16', [...wrong.map((text) => `r${text}`), 'r{lan}', 'r{}'], FULL_GRAMMAR);
});

test('E31 and E32: what stands behind l or r looks like an address, but there is none such', () => {
  const wrong = ['1', '1.2.3', '1.2.3.4.5', '256.1.1.1', '999.1.1.1', '1.2.3.4.', '[]', '[1.2.3.4]', '[:::]', '[1:2]'];
  refuses(
    'E31',
    wrong.map((text) => `l${text}`),
    FULL_GRAMMAR,
  );
  refuses(
    'E32',
    wrong.map((text) => `r${text}`),
    FULL_GRAMMAR,
  );
});

test('E31: a label that no network has', () => {
  refuses('E31', ['l{lan}', 'l{}'], PLAIN_GRAMMAR);
  refuses('E31', ['l{LAN}', 'l{}', 'l{lan\x01}y', 'l{__proto__}'], FULL_GRAMMAR);
});

test('[CW-13] t and T say how long the session lives without packets of the caller and of the callee', () => {
  says('t60', { callerTtlSeconds: 60, calleeTtlSeconds: null }, PLAIN_GRAMMAR);
  says('T60', { callerTtlSeconds: null, calleeTtlSeconds: 60 }, PLAIN_GRAMMAR);
  says('c0,8t30T999999999', { codecs: [0, 8], callerTtlSeconds: 30, calleeTtlSeconds: 999_999_999 }, PLAIN_GRAMMAR);
  says('t007a', { callerTtlSeconds: 7, asymmetric: true }, PLAIN_GRAMMAR);
  refuses('E35', ['t', 'T', 't0', 'T00', 't-1', 'ta', 't9999999999', 't1234567896', 't60T']);
});

test('[CW-27] E35: modifiers that are not known, wherever they stand', () => {
  refuses('E35', [...'bdfghjkmopquvxy012345789+-,;.[]{}%\x01\xff']);
  refuses('E35', ['ay', 'c0,8y', 'c0\xda\x0bV', '.', 'z20y', 'k']);
});

test('the modifiers are read from the left, and the first that is wrong answers', () => {
  const ladder = [
    ['ye', 'E35'],
    ['ei', 'E11'],
    ['ie', 'E12'],
    ['z0c', 'E13'],
    ['cz0', 'E14'],
    ['lr', 'E15'],
    ['rl', 'E16'],
    ['l{x}y', 'E31'],
    ['t0c', 'E35'],
  ] as const;
  for (const [letters, code] of ladder) refuses(code, [letters, `aw6${letters}`]);
});
