/** Bad input to the parsers of the control side: commands, control socket names, command lines. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadOptions } from '../../src/io/loadOptions.js';
import type { RtpproxyCommand } from '../../src/protocol/rtpproxy/command.js';
import { ERROR_CODES } from '../../src/protocol/rtpproxy/errors.js';
import { parseCommand } from '../../src/protocol/rtpproxy/parse.js';
import { MAX_COMMAND_BYTES } from '../../src/protocol/rtpproxy/tokens.js';
import { formatControlAddress, parseControlAddress } from '../../src/relay/controlAddress.js';
import { LOG_LEVELS, OPTIONS, type OptionRow, readOptions } from '../../src/relay/options.js';
import { FUZZ_BOUND, isQuick, search } from './budget.js';
import { commandTexts } from './commands.js';

const LIMIT_MS = 5;
const ERRORS: ReadonlySet<string> = new Set(Object.values(ERROR_CODES));

test('any command is parsed or refused with a known error, at once', FUZZ_BOUND, async (t) => {
  await search(t, commandTexts(), (text) => {
    const command = text.slice(0, MAX_COMMAND_BYTES);
    const parsed = parseCommand(command);
    if (parsed.ok) isSound(parsed.value);
    else ok(ERRORS.has(parsed.error), parsed.error);
    isQuick(LIMIT_MS, () => parseCommand(command));
  });
});

/** What whoever carries a command out relies on. */
function isSound(command: RtpproxyCommand): void {
  if (!('call' in command)) return;
  const { call, tags } = command;
  for (const word of [call, tags.from, ...(tags.to === null ? [] : [tags.to])]) ok(/^[^\0\t\r\n ]+$/.test(word), word);
  if (command.verb !== 'update' && command.verb !== 'lookup') return;
  const { remote, held, codecs } = command;
  ok(!(held && remote !== null));
  for (const codec of codecs) ok(codec >= 0 && !Number.isNaN(codec));
  if (remote === null) return;
  ok(Number.isInteger(remote.port) && remote.port >= 0 && remote.port < 65_536, `${remote.port}`);
  ok(/^\d+\.\d+\.\d+\.\d+$/.test(remote.host), remote.host);
}

test('a command that is put together from its parts is read as these parts, however they are spaced', FUZZ_BOUND, async (t) => {
  const name = fc.string({ unit: fc.constantFrom(...'abcXYZ019@.-_;!~*()'), minLength: 1, maxLength: 40 });
  const blank = fc.string({ unit: fc.constantFrom(' ', '\t', '\r', '\n'), minLength: 1, maxLength: 3 });
  const command = fc.record({
    verb: fc.constantFrom('update' as const, 'lookup' as const),
    call: name,
    from: name,
    to: fc.option(name),
    host: fc.ipV4().filter((host) => host !== '0.0.0.0'),
    port: fc.integer({ min: 1, max: 65_535 }),
    weak: fc.boolean(),
    asymmetric: fc.constantFrom(null, true, false),
    codecs: fc.array(fc.nat({ max: 127 }), { maxLength: 5 }),
    upper: fc.boolean(),
    blank,
  });
  await search(t, command, ({ verb, call, from, to, host, port, weak, asymmetric, codecs, upper, blank: space }) => {
    const glued = [
      weak ? 'w' : '',
      codecs.length > 0 ? `c${codecs.join(',')}` : '',
      { true: 'a', false: 's', null: '' }[`${asymmetric}`],
    ];
    const head = (verb === 'update' ? 'u' : 'l') + glued.join('');
    const text = [upper ? head.toUpperCase() : head, call, host, `${port}`, from, ...(to === null ? [] : [to])].join(space);
    const parsed = parseCommand(space + text + space);
    deepEqual(parsed, {
      ok: true,
      value: { verb, call, tags: { from, to }, remote: { host, port }, held: false, weak, asymmetric, codecs },
    });
  });
});

test('any control socket name is read or refused, and what is read can be written and read again', FUZZ_BOUND, async (t) => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('', '*', 'localhost', '[::1]', '[', ']', ':', '::'), fc.string());
  const port = fc.oneof(
    fc.constantFrom('', ':', ':0', ':1', ':65535', ':65536', ':-1', ':1e3', ':99999999999999999999'),
    fc.string(),
  );
  const prefix = fc.constantFrom(
    '',
    'udp:',
    'udp6:',
    'tcp:',
    'tcp6:',
    'unix:',
    'cunix:',
    'stdio:',
    'systemd:',
    'UDP:',
    '__proto__:',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.tuple(prefix, host, port).map((parts) => parts.join('')),
    fc.string({ minLength: 90, maxLength: 200 }),
  );
  await search(t, texts, (text) => {
    isQuick(LIMIT_MS, () => parseControlAddress(text));
    const parsed = parseControlAddress(text);
    if (!parsed.ok) return ok(parsed.error.startsWith('control socket '), parsed.error);
    const address = parsed.value;
    if (address.transport === 'unix') ok(address.path.length > 0 && address.path.length <= 107);
    else ok(Number.isInteger(address.port) && address.port >= 1 && address.port <= 65_535 && address.host !== '');
    // A host with a bracket is none, and cannot be opened; it need not survive.
    if (address.transport === 'unix' || !/[[\]]/.test(address.host))
      deepEqual(parseControlAddress(formatControlAddress(address)), parsed);
  });
});

test('any command line is read or refused in words, and what is read is within its bounds', FUZZ_BOUND, async (t) => {
  const rows = Object.values(OPTIONS) as OptionRow[];
  const flags = rows.flatMap((row) => [
    `--${row.long}`,
    `--no-${row.long}`,
    ...(row.short === undefined ? [] : [`-${row.short}`]),
  ]);
  const value = fc.oneof(
    fc.integer().map(String),
    fc.string({ maxLength: 10 }),
    fc.constantFrom('', '-', '--', '0x10', '1e3', 'epoll', 'INFO', '*'),
  );
  const odd = fc.constantFrom(
    '-',
    '--',
    '---',
    '-=',
    '--=',
    '--__proto__',
    '--__proto__=1',
    '--constructor',
    '-ffF',
    '-T5',
    '-T=5',
    '--ttl=',
  );
  const argument = fc.oneof(
    fc.constantFrom(...flags),
    value,
    odd,
    fc.tuple(fc.constantFrom(...flags), value).map(([flag, text]) => `${flag}=${text}`),
  );
  await search(t, fc.tuple(fc.array(argument, { maxLength: 12 }), fc.boolean()), ([args, ours]) => {
    isQuick(LIMIT_MS * 2, () => loadOptions(args, ours));
    const given = loadOptions(args, ours);
    if (!given.ok) return ok(given.error.length > 0 && !given.error.includes('\n'), given.error);
    const read = readOptions(given.value);
    if (!read.ok) return ok(/: expected /.test(read.error), read.error);
    const { portMin, portMax, ttlSeconds, setupTtlSeconds, workers, logLevel, control } = read.value;
    for (const port of [portMin, portMax]) ok(Number.isInteger(port) && port >= 1 && port <= 65_535);
    for (const ttl of [ttlSeconds, setupTtlSeconds]) ok(Number.isInteger(ttl) && ttl >= 1);
    ok(workers === null || (Number.isInteger(workers) && workers >= 1 && workers <= 256));
    ok(LOG_LEVELS.includes(logLevel));
    ok(control.every((name) => typeof name === 'string'));
    if (!ours) equal(read.value.engine, null, 'an option that rtpproxy does not have');
  });
});
