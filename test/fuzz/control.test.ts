/** Bad input to the parsers of the control side: commands, control socket names, command lines. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Description, RtpproxyCommand } from '../../src/protocol/rtpproxy/command.js';
import { ERROR_CODES } from '../../src/protocol/rtpproxy/errors.js';
import { PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import { parseCommand } from '../../src/protocol/rtpproxy/parse.js';
import { MAX_COMMAND_BYTES } from '../../src/protocol/rtpproxy/tokens.js';
import { readCommandLine } from '../../src/relay/commandLine.js';
import { formatControlAddress, parseControlAddress } from '../../src/relay/controlAddress.js';
import { type OptionRow, PROGRAM_NAMES } from '../../src/relay/optionRow.js';
import { readOptions } from '../../src/relay/options.js';
import { OPTIONS } from '../../src/relay/optionTable.js';
import { LOG_LEVELS } from '../../src/relay/optionValues.js';
import { manners, printCommand, rtpproxyCommands } from '../property/rtpproxyCommands.js';
import { FULL_GRAMMAR } from '../pure/rtpproxyGiven.js';
import { FUZZ_BOUND, isQuick, parserSeconds, search } from './budget.js';
import { commandTexts } from './commands.js';

const LIMIT_MS = 5;
const ERRORS: ReadonlySet<string> = new Set(Object.values(ERROR_CODES));

test('[SY-04 CW-23] any command is parsed or refused with a known error, at once', FUZZ_BOUND, async (t) => {
  await search(
    t,
    fc.tuple(commandTexts(), fc.constantFrom(PLAIN_GRAMMAR, FULL_GRAMMAR)),
    ([text, grammar]) => {
      const command = text.slice(0, MAX_COMMAND_BYTES);
      const parsed = parseCommand(command, grammar);
      if (parsed.ok) isSound(parsed.value);
      else ok(ERRORS.has(parsed.error), parsed.error);
      isQuick(LIMIT_MS, () => parseCommand(command, grammar));
    },
    parserSeconds(),
  );
});

/** What whoever carries a command out relies on. */
function isSound(command: RtpproxyCommand): void {
  if (!('call' in command)) return;
  const { call, tags } = command;
  for (const word of [call, tags.from, ...(tags.to === null ? [] : [tags.to])]) ok(/^[^\0\t\r\n ]+$/.test(word), word);
  if (command.verb === 'play') ok(Number.isSafeInteger(command.count));
  if (command.verb === 'update' || command.verb === 'lookup') isSoundDescription(command);
  if ('subcommands' in command)
    for (const subcommand of command.subcommands) if (subcommand.kind === 'lookup') isSoundDescription(subcommand.description);
}

function isSoundDescription({ remote, held, codecs, resizeMs, callerTtlSeconds, calleeTtlSeconds, network }: Description): void {
  ok(!(held && remote !== null));
  for (const codec of codecs) ok(Number.isInteger(codec) && codec >= 0 && codec <= 127, `${codec}`);
  ok(resizeMs === null || (Number.isInteger(resizeMs) && resizeMs >= 1 && resizeMs <= 999), `${resizeMs}`);
  for (const ttl of [callerTtlSeconds, calleeTtlSeconds]) ok(ttl === null || (Number.isSafeInteger(ttl) && ttl >= 1), `${ttl}`);
  if (network.kind === 'address' || network.kind === 'towards') ok(isIP(network.host) > 0, network.host);
  if (remote === null) return;
  ok(Number.isInteger(remote.port) && remote.port >= 1 && remote.port < 65_536, `${remote.port}`);
  ok(isIP(remote.host) > 0, remote.host);
}

test('a command that is put together from its parts is read as these parts, however they are written', FUZZ_BOUND, async (t) => {
  await search(t, fc.tuple(rtpproxyCommands(), manners()), ([command, manner]) => {
    const wanted = { ok: true, value: structuredClone(command) };
    deepEqual(parseCommand(manner.blank + printCommand(command, manner) + manner.blank, FULL_GRAMMAR), wanted);
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
    else if ('port' in address)
      ok(Number.isInteger(address.port) && address.port >= 1 && address.port <= 65_535 && address.host !== '');
    // A host with a bracket is none, and cannot be opened; it need not survive.
    if (!('host' in address) || !/[[\]]/.test(address.host))
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
  await search(
    t,
    fc.tuple(fc.array(argument, { maxLength: 12 }), fc.constantFrom(...PROGRAM_NAMES)),
    ([args, program]) => {
      isQuick(LIMIT_MS, () => readCommandLine(args, program));
      const given = readCommandLine(args, program);
      if (!given.ok) return ok(given.error.length > 0 && !given.error.includes('\n'), given.error);
      const read = readOptions(given.value, program);
      if (!read.ok) return ok(/: expected /.test(read.error), read.error);
      const { portMin, portMax, ttlSeconds, setupTtlSeconds, workers, logLevel, control } = read.value;
      for (const port of [portMin, portMax]) ok(Number.isInteger(port) && port >= 1 && port <= 65_535);
      for (const ttl of [ttlSeconds, setupTtlSeconds]) ok(Number.isInteger(ttl) && ttl >= 1);
      ok(workers === null || (Number.isInteger(workers) && workers >= 1 && workers <= 256));
      ok(LOG_LEVELS.includes(logLevel));
      ok(control.every((name) => typeof name === 'string'));
      if (program !== 'rtpbridge') equal(read.value.engine, null, 'an option that rtpproxy does not have');
    },
    parserSeconds(),
  );
});
