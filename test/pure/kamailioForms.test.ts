/** What Kamailio's rtpproxy module writes and the original cannot read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Grammar, PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import { looksLikeSocket } from '../../src/protocol/rtpproxy/notifyRequest.js';
import { parseCommand } from '../../src/protocol/rtpproxy/parse.js';
import { runs } from '../property/runs.js';
import { assertSays, errorOf, FULL_GRAMMAR, parsed, parsedUpdate } from './rtpproxyGiven.js';

const TAIL = 'c30@t 192.0.2.10 30002 FROMTAG;2';

/** A stream without its three stray bytes, and with them. */
function heals(before: string, stray: string, after: string, grammar: Grammar = PLAIN_GRAMMAR): void {
  assert.equal(stray.length, 3);
  assert.deepEqual(
    parsed(before + stray + after, grammar),
    parsed(before + after, grammar),
    JSON.stringify(before + stray + after),
  );
}

test('[CW-23] the three stray bytes behind Z and its number are skipped, as they were seen on the wire', () => {
  for (const stray of [
    '\xda\x0bV',
    ']U\x01',
    '\xc3\xa6U',
    '\xf9rU',
    '\xff\xff\xff',
    ']]]',
    'l\xdal',
    '0\xda9',
    '\xda00',
    'c\xda\x0b',
  ])
    for (const list of ['c96', 'c0,8,101', 'C96', ''])
      for (const head of ['UZ20', 'UAZ20', 'uz20', 'LZ30', 'LSZ30']) heals(head, stray, `${list} ${TAIL}`);
});

test('[CW-23] stray blanks, line ends and NULs are skipped too', () => {
  for (const stray of [
    '\0\0\0',
    '\0ab',
    'a\0b',
    '\xda\x0b\0',
    '   ',
    ' \n\t',
    'a b',
    ' ab',
    'ab ',
    '\nab',
    'a\nb',
    'c9 ',
    ' c ',
    '7 7',
    '\r\n\0',
  ])
    for (const end of ['', '\n', ' TOTAG;2'])
      for (const head of ['UZ20', 'UAZ20', 'LZ40']) heals(head, stray, `c96 ${TAIL}${end}`);
  for (const stray of ['\0\0\0', ' ab', 'a b', 'ab\n', '\0 \n']) heals('UZ20', stray, ` ${TAIL}`);
  heals('UIEZ20', ' \xff\0', `c96 ${TAIL}`, FULL_GRAMMAR);
  heals('U6Z20', '\xda \0', 'c96 c30@t 2001:db8::1 30002 F;2', FULL_GRAMMAR);
});

test('[CW-23] a stray byte that looks like one more digit does not change the number', () => {
  for (const stray of ['5\xda\x0b', '05\xff', '0 x', '5\0c'])
    assertSays(parsed(`UZ20${stray}c96 ${TAIL}`), { resizeMs: 20, codecs: [96] }, JSON.stringify(stray));
});

test('[CW-23] the mth m-line has the stray bytes of the lines before too, each time as many as Z and its number have', () => {
  for (const [stray, line] of [
    ['5\xda\x0b', 2],
    ['5s>\0 ', 3],
    ['20s>V', 2],
    ['20s>V\0\0\xe8', 3],
    ['20\0\0\0\0\0\xe8\xd2-u', 4],
    ['40769', 2],
    ['100TV\0\0', 2],
    ['100U\0\0\xed \xc2\xe5\0', 3],
  ] as const) {
    const ms = Number(/^(?:5|[24]0|100)/.exec(stray)?.[0]);
    const says = { resizeMs: ms, codecs: [8] };
    assertSays(parsed(`UZ${stray}c8 c 192.0.2.1 4000 f;${line}`), says, JSON.stringify(stray));
    // As many as the second m-line has are passed over whatever the tag, more only where the tag says so.
    for (const tag of ['f;1', 'f']) {
      const text = `UZ${stray}c8 c 192.0.2.1 4000 ${tag}`;
      if (line === 2) assertSays(parsed(text), says, text);
      else assert.match(errorOf(text), /^E/);
    }
  }
});

test('[CW-23] what is healed is checked like any other command', () => {
  assert.equal(errorOf(`UZ20\xda\x0bVc96 ${TAIL} /sock tag`), 'E75');
  assert.equal(errorOf(`U6Z20\xda\x0bVc96 c30@t 2001:db8::1 1 F;2`), 'E36');
  assert.equal(errorOf(`UZ20\xda\x0bVc96 ${TAIL} && A`), 'E3');
  assert.equal(errorOf(`UEZ20\xda\x0bVc96 ${TAIL}`), 'E11');
});

test('[CW-23 CW-27] anything else that is unknown stays an error: other counts, other places, other letters in front', () => {
  const table = {
    'fewer bytes': ['UZ20\xda\x0bc96', 'UZ100\xda\x0bVc96', 'UZ20yc8', 'UZ20\xffc96', 'UZ20\xda\x0b', 'UZ20y'],
    'more bytes': ['UZ20\xda\x0bVVc96', 'UZ20abyxc96', 'UZ20\xff\xff\xff\xff', 'UZ20\xff\x01\x02\xda\x0bVc96'],
    'not behind Z': ['U\xda\x0bVc96', 'UA\xda\x0bV', 'Uc96\xda\x0bV', 'U20\xda\x0bVc96'],
    'not before the list or the end': ['UZ20\xda\x0bVa', 'UZ20\xda\x0bVc96a', 'UZ20\xda\x0bVz20'],
    'a head that Kamailio does not make': ['UwZ20\xda\x0bVc96', 'UkZ20\xda\x0bVc96', 'Uz20R1.2.3.4\xda\x0bV', 'Uc0Z20\xda\x0bV'],
  };
  for (const [why, heads] of Object.entries(table))
    for (const head of heads) assert.equal(errorOf(`${head} ${TAIL}`), 'E35', `${why}: ${head}`);
  for (const head of ['UZ\xda\x0bVc96', 'UZ0\xda\x0bVc96', 'UZ1000', 'UZ201234c96', 'UZ0'])
    assert.equal(errorOf(`${head} ${TAIL}`), 'E13', head);
  assert.equal(errorOf(`UZ20IIE ${TAIL}`), 'E12', 'three known letters that are not allowed here');
  assert.equal(errorOf(`UZ20IE  ${TAIL}`), 'E12', 'two of them, and a blank more than needed');
  assert.equal(errorOf(`UZ20cac96 ${TAIL}`), 'E14');
});

test('[CW-23] NULs elsewhere, and blanks that do not repair the address, stay what they are', () => {
  for (const text of [
    `UZ20\0\0\0c96 c30@t 192.0.2.10 30002 F\0`,
    `U\0\0\0c96 ${TAIL}`,
    `DZ20\0\0\0 c f`,
    'UZ20\0\0\0c96 c host 1 f',
  ])
    assert.equal(errorOf(text), 'E5', JSON.stringify(text));
  assert.equal(
    errorOf('UZ20 ab c30@t 192.0.2.256 30002 F'),
    errorOf('U ab c30@t 192.0.2.256 30002 F').replace('null,"newPort"', '20,"newPort"'),
  );
});

test('[CW-23] a legal command is never read otherwise, whatever blanks it has', () => {
  const words = fc.tuple(
    fc.constantFrom('U', 'L', 'UA', 'U6', 'UIE'),
    fc.integer({ min: 1, max: 999 }),
    fc.constantFrom('', 'c0', 'c0,8', 'awn', 'l192.0.2.7', 'c9 '),
    fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), minLength: 1, maxLength: 5 }),
    fc.constantFrom('c96', 'ab', 'x', '192.0.2.9', '7', 'c0,8', 'a@b'),
    fc.constantFrom('192.0.2.1', '2001:db8::1'),
    fc.constantFrom('f', '192.0.2.3', '9', 'c9'),
    fc.constantFrom('', '5', 't', '192.0.2.4'),
  );
  const property = fc.property(words, ([letters, ms, list, blank, call, host, from, to]) => {
    fc.pre(list.endsWith(' ') === false && host.includes(':') === letters.includes('6'));
    const text = [`${letters}Z${ms}${list}`, call, host, '4000', from, ...(to === '' ? [] : [to])].join(blank);
    const command = parsedUpdate(text, FULL_GRAMMAR);
    assert.deepEqual(
      [command.call, command.tags, command.remote, command.resizeMs],
      [call, { from, to: to || null }, { host, port: 4000 }, ms],
    );
  });
  fc.assert(property, { numRuns: runs(500) });
});

test('[CW-23] whatever the three bytes are, the stream is made; only bytes that are modifiers themselves may say something', () => {
  const bytes = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((codes) => String.fromCharCode(...codes));
  const property = fc.property(bytes, fc.constantFrom('c96', ''), (stray, list) => {
    // What is no letter may part words.
    const letters = /^[aswn6eizclrt0-9,\s]*$/i.test(stray) || /c[0-9,]/i.test(stray);
    // A digit in front makes another number of the one before it, as in the original.
    fc.pre(!letters && !/^[0-9]/.test(stray));
    const result = parseCommand(`UZ20${stray}${list} ${TAIL}`, PLAIN_GRAMMAR);
    const { call, resizeMs, codecs } =
      result.ok && result.value.verb === 'update' ? result.value : assert.fail(JSON.stringify(result));
    assert.deepEqual({ call, resizeMs, codecs }, { call: 'c30@t', resizeMs: 20, codecs: list === '' ? [] : [96] });
  });
  fc.assert(property, { numRuns: runs(2000) });
});

const RPC = 'xmlrpc:http://127.0.0.1:8000/RPC2';
const MAIN = 'U c 192.0.2.1 4000 F;1';

test('[CW-37] seven words of Kamailio 5.6: a To tag and a socket without tag', () => {
  for (const socket of [RPC, 'tcp:127.0.0.1:9', 'unix:/a', 'udp:127.0.0.1:9', 'http://127.0.0.1/', '/tmp/sock'])
    for (const grammar of [PLAIN_GRAMMAR, FULL_GRAMMAR]) {
      const { tags, notify } = parsedUpdate(`${MAIN} T;1 ${socket}`, grammar);
      assert.deepEqual(
        [tags, notify],
        [
          { from: 'F;1', to: 'T;1' },
          { socket, tag: null, lenient: true },
        ],
      );
    }
  assert.equal(parsedUpdate(`${MAIN} T;1 ${RPC}%zz`).notify?.socket, `${RPC}%zz`, 'no E10');
});

test('[CW-37] six words of Kamailio 2026: socket and tag glued together, and no To tag', () => {
  const table = [
    [`${RPC};h1.2`, RPC, 'h1.2'],
    [`${RPC};a;b`, RPC, 'a;b'],
    [`${RPC};a%20b`, RPC, 'a b'],
    [`${RPC};100%`, RPC, '100%'],
    [`${RPC};`, RPC, null],
    [RPC, RPC, null],
    ['/tmp/sock;x', '/tmp/sock', 'x'],
    ['tcp:127.0.0.1:9;x', 'tcp:127.0.0.1:9', 'x'],
  ] as const;
  for (const [word, socket, tag] of table)
    for (const grammar of [PLAIN_GRAMMAR, FULL_GRAMMAR]) {
      const { tags, notify } = parsedUpdate(`${MAIN} ${word}`, grammar);
      assert.deepEqual(
        [tags, notify],
        [
          { from: 'F;1', to: null },
          { socket, tag, lenient: true },
        ],
        word,
      );
    }
});

test('[CW-37] what only looks alike stays what it is', () => {
  for (const to of ['sock;tag', 'T;1', 'xmlrpc;1', 'tcp;1', 'T/1', ';1', 'dummy']) {
    assert.equal(looksLikeSocket(to), false);
    const { tags, notify } = parsedUpdate(`${MAIN} ${to}`);
    assert.deepEqual([tags.to, notify], [to, null]);
  }
  for (const [socket, tag] of [
    ['/tmp/x.sock', '/tag'],
    [RPC, RPC],
    ['tcp:127.0.0.1:9', 'tcp:x'],
    ['sock', 'tag'],
    ['10.0.0.1:9999', 'T5'],
  ] as const) {
    const strict = { socket, tag, lenient: false };
    assert.deepEqual(parsedUpdate(`${MAIN} ${socket} ${tag}`, FULL_GRAMMAR).notify, strict);
    assert.deepEqual(parsedUpdate(`${MAIN} T;1 ${socket} ${tag}`, FULL_GRAMMAR).notify, strict);
    assert.equal(errorOf(`${MAIN} T;1 ${socket} ${tag}`), 'E75');
  }
});

test('[CW-37] a sub-command for the other leg needs a To tag, which a glued socket is not', () => {
  assert.equal(errorOf(`${MAIN} ${RPC};tag && L 192.0.2.2 1`, FULL_GRAMMAR), 'E3');
  assert.equal(parsedUpdate(`${MAIN} T;1 ${RPC} && L 192.0.2.2 1`, FULL_GRAMMAR).subcommands.length, 1);
});
