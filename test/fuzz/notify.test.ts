/** Bad input where notifications are permitted (`-n`) and asked for (U). */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeUrlText } from '../../src/protocol/bytes/urlText.js';
import { parseCommand } from '../../src/protocol/rtpproxy/parse.js';
import { MAX_COMMAND_BYTES } from '../../src/protocol/rtpproxy/tokens.js';
import { LOCAL_ORIGIN } from '../../src/relay/control/origin.js';
import { matchTarget, type Permitted, parsePermitted } from '../../src/relay/notify/targets.js';
import { FULL_GRAMMAR } from '../pure/rtpproxyGiven.js';
import { FUZZ_BOUND, isQuick, parserSeconds, search } from './budget.js';

const LIMIT_MS = 5;

const prefix = fc.constantFrom(
  '',
  'unix:',
  'tcp:',
  'xmlrpc:',
  'xmlrpc:http://',
  'udp:',
  'http:',
  '/',
  'TCP:',
  '__proto__:',
  '%%CC_SELF%%:',
);
const rest = fc.oneof(
  fc.constantFrom(
    '/tmp/a',
    '127.0.0.1:9',
    '%%CC_SELF%%:9',
    '[::1]:9',
    ':',
    '::',
    ':0',
    '127.0.0.1:65536',
    '127.0.0.1:8000/RPC2',
    ';',
    ';x',
    'a;b;c',
  ),
  fc.string({ maxLength: 20 }),
  fc
    .tuple(fc.constantFrom('%', ':', '/', ';', 'a', '%41', '+', '%%CC_SELF%%:'), fc.nat({ max: 8_000 }))
    .map(([text, count]) => text.repeat(count)),
);
const socket = fc.tuple(prefix, rest).map((parts) => parts.join(''));
const word = socket.map((text) => text.replace(/[\0 \t\r\n]/g, '_')).filter((text) => text !== '' && text !== '&&');

test('[SY-04] any value of -n is read or refused in words, and a U that repeats it is permitted', FUZZ_BOUND, async (t) => {
  await search(t, fc.array(socket, { maxLength: 5 }), (values) => {
    isQuick(LIMIT_MS, () => parsePermitted(values));
    const parsed = parsePermitted(values);
    if (!parsed.ok) return ok(parsed.error.startsWith('-n') && parsed.error.includes(': expected '), parsed.error);
    equal(parsed.value.length, values.length);
    for (const [i, value] of values.entries()) {
      const target = matchTarget(parsed.value, value, LOCAL_ORIGIN);
      const wanted: Permitted['target'] | undefined = parsed.value[i]?.target;
      ok(target !== null && wanted !== undefined, value);
      if (target.kind === 'tcp') ok(target.host !== '' && target.port >= 1 && target.port <= 65_535);
      if (wanted.kind === 'self') deepEqual(target, { kind: 'tcp', host: '127.0.0.1', port: wanted.port, bind: null });
      else
        ok(
          parsed.value.some((permitted) => permitted.target === target),
          value,
        );
    }
  });
});

const values = ['unix:/tmp/a', 'tcp:127.0.0.1:9', 'tcp:%%CC_SELF%%:9', 'xmlrpc:http://127.0.0.1:8000/RPC2'];
const permission = parsePermitted(values);
const PERMITTED: readonly Permitted[] = permission.ok ? permission.value : [];

test(
  '[SY-04 CW-37] whatever stands behind the From tag is taken for a To tag, a notification or both, or refused',
  FUZZ_BOUND,
  async (t) => {
    await search(
      t,
      fc.array(word, { maxLength: 4 }),
      (list) => {
        const text = ['U call 127.99.2.1 4000 from', ...list].join(' ').slice(0, MAX_COMMAND_BYTES);
        const words = text.split(' ').slice(5).filter(Boolean);
        isQuick(LIMIT_MS, () => parseCommand(text, FULL_GRAMMAR));
        const parsed = parseCommand(text, FULL_GRAMMAR);
        if (!parsed.ok) return ok(parsed.error === 'E10' || parsed.error === 'E1', parsed.error);
        ok(parsed.value.verb === 'update');
        const { notify, tags } = parsed.value;
        const said = (tags.to === null ? 0 : 1) + (notify === null ? 0 : 2 - Number(notify.tag === null || words.length === 1));
        equal(said, words.length, 'every word says something');
        if (notify === null) return;
        ok(notify.socket !== '');
        ok(notify.lenient || notify.tag !== null);
        isQuick(LIMIT_MS, () => matchTarget(PERMITTED, notify.socket, LOCAL_ORIGIN));
        const target = matchTarget(PERMITTED, notify.socket, LOCAL_ORIGIN);
        if (target !== null)
          ok(
            values.some((value) => value.endsWith(notify.socket)),
            notify.socket,
          );
      },
      parserSeconds(),
    );
  },
);

test('any tag can be encoded and comes back as it was', FUZZ_BOUND, async (t) => {
  const bytes = fc.uint8Array({ maxLength: 2_000 });
  await search(t, fc.tuple(bytes, fc.boolean()), ([tag, isLower]) => {
    const text = String.fromCharCode(...tag);
    const hex = Buffer.from(tag).toString('hex').replace(/../g, '%$&');
    equal(decodeUrlText(isLower ? hex : hex.toUpperCase()), text);
    equal(decodeUrlText(text.replace(/[%+]/g, '_')), text.replace(/[%+]/g, '_'), 'what needs no escape has none');
    equal(decodeUrlText(`${hex}%`), null);
  });
});
