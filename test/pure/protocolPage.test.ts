/** [SY-34] [PN-56] The reference of the control protocol: everything there is stands in it, and its examples are answered as written. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { familyOf, type Result, refuse } from '../../model/kernel/index.js';
import { DatagramCommands } from '../../src/io/control/datagram.js';
import { CAPABILITIES } from '../../src/protocol/rtpproxy/capabilities.js';
import { QUERY_COUNTERS, type RtpproxyCommand } from '../../src/protocol/rtpproxy/command.js';
import { GLOBAL_COUNTERS } from '../../src/protocol/rtpproxy/counters.js';
import { ERROR_CODES } from '../../src/protocol/rtpproxy/errors.js';
import { formatInfo } from '../../src/protocol/rtpproxy/format.js';
import { parseModifiers } from '../../src/protocol/rtpproxy/modifiers.js';
import { parseCommand } from '../../src/protocol/rtpproxy/parse.js';
import { readCommandLine } from '../../src/relay/commandLine.js';
import { LOCAL_ORIGIN } from '../../src/relay/control/origin.js';
import { COMMANDS, MODIFIERS, SUBCOMMANDS } from '../../src/relay/manual/protocolCommands.js';
import { formatProtocolPage, PROTOCOL_PAGE } from '../../src/relay/manual/protocolPage.js';
import { combineModules, moduleInstances } from '../../src/relay/modules/config.js';
import { parseNetworks } from '../../src/relay/networks/parse.js';
import { defaultAsymmetric, defaultNetwork } from '../../src/relay/networks/table.js';
import { isNotifyEnabled, parsePermitted } from '../../src/relay/notify/targets.js';
import { readOptions } from '../../src/relay/options.js';
import type { PromptSource } from '../../src/relay/ports.js';
import { parseMakeann } from '../../src/relay/tools/makeannOptions.js';
import { PureRelay, settingOf } from '../property/pureRelay.js';
import { tableOf } from '../property/shardWorld.js';
import { findExecutable } from '../rig/peers.js';
import { FULL_GRAMMAR } from './rtpproxyGiven.js';

const PAGE = formatProtocolPage('1.2.3');
const PRINTABLE = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i));
const isVerb = (key: string): key is RtpproxyCommand['verb'] => Object.hasOwn(COMMANDS, key);
const VERBS = Object.keys(COMMANDS).filter(isVerb);

const value = <T>(result: Result<T, string>): T => {
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value;
};

/** The page, or one part of it, without its markup. */
function textOf(heading?: string): string {
  const part = heading === undefined ? PAGE : (PAGE.split(`.SH "${heading}"\n`)[1] ?? '').split(/^\.SH /m)[0]!;
  return part
    .replaceAll(/\\f[BIR]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\&', '')
    .replaceAll(/\\\[u([0-9A-F]+)\]/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}

const tagsOf = (heading: string): string[] => [...textOf(heading).matchAll(/^\.TP\n(.*)$/gm)].map((tag) => tag[1]!);

const headOf = (form: string): string => /^(?:VF|.)/.exec(form)![0];

/** What a client may fill in. */
const SAMPLES: Readonly<Record<string, string>> = {
  ...{ 'CALL-ID': 'c', ADDRESS: '192.0.2.1', PORT: '4000', 'FROM-TAG': 'f', 'TO-TAG': 't', DATE: '20040107', CODECS: '0' },
  ...{ TARGET: 'udp:127.0.0.1:7000', PROMPT: '/p', 'NOTIFY-SOCKET': '/n', 'NOTIFY-TAG': 'n', COUNTER: 'ttl' },
};

/** The arguments of a form: those that must be there, and all. */
function argumentsOf(form: string): { readonly fewest: string[]; readonly most: string[] } {
  const words = form.split(' ').slice(1);
  const sampleOf = (word: string): string => SAMPLES[word.replaceAll(/[[\].]/g, '')] ?? assert.fail(`no sample of ${word}`);
  const needed = words.findIndex((word) => word.startsWith('['));
  const most = words.map(sampleOf);
  return { fewest: needed < 0 ? most : most.slice(0, needed), most };
}

test('[SY-34] every command that the parser takes is on the page, and no other', () => {
  const heads = [...PRINTABLE, ...PRINTABLE.map((second) => `V${second}`)].filter((head) => {
    const bare = parseCommand(head, FULL_GRAMMAR);
    if (head.length === 1) return bare.ok || bare.error !== ERROR_CODES.unknownCommand;
    return parseCommand(`${head} 20040107`, FULL_GRAMMAR).ok;
  });
  const wanted = new Set(heads.map((head) => head.toUpperCase()));
  const forms = VERBS.map((verb) => COMMANDS[verb].form);
  assert.deepEqual(new Set(forms.map(headOf)), wanted);
  const tags = tagsOf('COMMANDS');
  for (const form of forms) assert.ok(tags.includes(form), form);
});

for (const verb of VERBS) {
  const { form } = COMMANDS[verb];
  test(`[SY-34] ${form}: as many words are taken as the page says`, () => {
    const { fewest, most } = argumentsOf(form);
    const answerTo = (words: readonly string[]): string => {
      const parsed = parseCommand([headOf(form), ...words].join(' '), FULL_GRAMMAR);
      return parsed.ok ? parsed.value.verb : parsed.error;
    };
    for (let count = fewest.length; count <= most.length; count++) assert.equal(answerTo(most.slice(0, count)), verb, `${count}`);
    if (fewest.length > 0) assert.equal(answerTo(fewest.slice(1)), ERROR_CODES.argumentCount);
    const more = form.includes('...]') ? [...most, 'ttl', 'ttl'] : [...most, 'more'];
    assert.equal(answerTo(more), form.includes('...]') ? verb : ERROR_CODES.argumentCount);
  });
}

const REFUSED_MODIFIER = new Set<string>([
  ...[ERROR_CODES.modifiersNotTaken, ERROR_CODES.recordModifierMisplaced, ERROR_CODES.recordModifier, ERROR_CODES.deleteModifier],
  ...[ERROR_CODES.statisticsModifier, ERROR_CODES.playCount, ERROR_CODES.infoModifier, ERROR_CODES.queryModifier],
]);

test('[SY-34] of every command but U and L the page has the modifiers that are taken', () => {
  for (const verb of VERBS.filter((each) => each !== 'update' && each !== 'lookup')) {
    const { form, modifiers } = COMMANDS[verb];
    const relay = new PureRelay(settingOf(8, 60_000, 60_000));
    const taken = [...'abcdefghijklmnopqrstuvwxyz'].filter((letter) => {
      if (verb === 'version' && letter === 'f') return false;
      relay.send('U c 192.0.2.1 4000 f');
      return !REFUSED_MODIFIER.has(relay.send([headOf(form) + letter, ...argumentsOf(form).fewest].join(' ')));
    });
    assert.deepEqual(Object.keys(modifiers).sort(), taken, form);
    for (const letter of taken) assert.ok(form.includes(`[${letter}]`), `${form}: ${letter}`);
    for (const text of Object.values(modifiers)) assert.ok(textOf('COMMANDS').includes(text), text);
  }
});

test('[SY-34] of U and L the page has the modifiers that are taken, with an argument where they want one', () => {
  const read = (text: string) => parseModifiers(text, FULL_GRAMMAR);
  const taken = PRINTABLE.filter((letter) => ['', '1', '1.2.3.4'].some((argument) => read(letter + argument).ok));
  const distinct = taken.filter((letter) => {
    const lower = letter.toLowerCase();
    return letter === lower || JSON.stringify(read(`${letter}1`)) !== JSON.stringify(read(`${lower}1`));
  });
  assert.deepEqual(MODIFIERS.map(({ letter }) => letter).sort(), distinct);
  const tags = tagsOf('MODIFIERS OF U AND L');
  assert.deepEqual(
    tags,
    MODIFIERS.map(({ letter, argument = '' }) => letter + argument),
  );
  for (const { letter, argument } of MODIFIERS) assert.equal(read(letter).ok, argument === undefined, letter);
});

test('[SY-34] every error code is on the page', () => assert.deepEqual(tagsOf('ERRORS'), Object.values(ERROR_CODES)));

test('[SY-34] every capability is on the page', () => {
  assert.deepEqual(tagsOf('CAPABILITIES'), Object.keys(CAPABILITIES));
  for (const text of Object.values(CAPABILITIES)) assert.ok(textOf('CAPABILITIES').includes(text), text);
});

test('[SY-34] every counter and every line of I is on the page, and answered', () => {
  const [query, global] = [tagsOf('COUNTERS OF Q'), tagsOf('COUNTERS OF G')];
  assert.deepEqual(query, [...QUERY_COUNTERS]);
  assert.deepEqual(global, [...GLOBAL_COUNTERS]);
  const relay = new PureRelay(settingOf(8, 60_000, 60_000));
  relay.send('U c 192.0.2.1 4000 f');
  for (const name of query) assert.match(relay.send(`Q c f t ${name}`), /^\d+(\.\d{6})?$/, name);
  for (const name of global) assert.match(relay.send(`G ${name}`), /^\d+(\.\d{6})?$/, name);
  const totals = { sessionsCreated: 0, activeSessions: 0, packetsReceived: 0, packetsTransmitted: 0 };
  const lines = formatInfo(totals, 0).split('\n');
  assert.deepEqual(
    tagsOf('LINES OF I'),
    lines.map((line) => `${line.split(':')[0]}:`),
  );
});

type Scene = { readonly title: string; readonly commandLine: string; readonly lines: readonly string[] };

const SCENES = textOf('EXAMPLES')
  .split(/^\.SS /m)
  .slice(1)
  .map((text): Scene => {
    const [title = ''] = text.split('\n', 1);
    const [commandLine = '', ...lines] = (/^\.EX\n([\s\S]*?)\n\.EE$/m.exec(text)?.[1] ?? '').split('\n');
    return { title: title.replaceAll('"', ''), commandLine, lines };
  });

/** What makeann makes: 300 ms of each codec it has. */
const MADE: ReadonlyMap<number, number> = new Map([
  [0, 2400],
  [3, 495],
  [18, 300],
  [8, 2400],
  [9, 2400],
]);

/** Prompts by their names. */
const promptsOf = (made: ReadonlySet<string>): PromptSource => ({
  find: (name, payloadTypes, found) => {
    const payloadType = made.has(name) ? payloadTypes.find((each) => MADE.has(each)) : undefined;
    found(payloadType === undefined ? null : { payloadType, frames: new Uint8Array(MADE.get(payloadType)!) });
  },
});

/** A relay as it would be started by `$ rtpproxy …`, how a command reaches it, and how prompts are made for it. */
async function startedBy(commandLine: string) {
  const [, args = assert.fail(commandLine)] = /^\$ rtpproxy (.*)$/.exec(commandLine) ?? [];
  const options = value(readOptions(value(readCommandLine(args.split(' '), 'rtpproxy')), 'rtpproxy'));
  const given = value(await parseNetworks(options.networks, options.advertise, async (name) => refuse(`${name} is a name`)));
  const networks = tableOf(given);
  const permitted = value(parsePermitted(options.notify));
  const modules = value(combineModules(options.dso, null));
  const { host, advertised } = defaultNetwork(networks);
  const { ttlSeconds, setupTtlSeconds, independentTtl } = options;
  const grammar = {
    bridging: networks.bridge !== null,
    ipv6: networks.networks.some((network) => familyOf(network.host) === 'IPv6'),
    notify: isNotifyEnabled(permitted),
    hasLabel: (label: string) => networks.networks.some((network) => network.label === label),
    moduleInstances: (id: number) => moduleInstances(modules, id),
  };
  const { recordDir, recordForm, recordAll, recordRtcp } = options;
  const made = new Set<string>();
  const relay = new PureRelay({ ...settingOf(32, ttlSeconds * 1000, setupTtlSeconds * 1000), host }, 1, {
    options: { network: { host, advertised }, independentTtl, recordRtcp },
    setting: {
      ...{ networks, permitted, asymmetric: defaultAsymmetric(options, networks) },
      recording: recordDir === null ? null : { form: recordForm, all: recordAll },
    },
    ...{ grammar, recorder: { packet: () => true, order: () => {} }, prompts: promptsOf(made) },
  });
  const isDatagram = options.control.some((socket) => socket.startsWith('udp:'));
  const ask: Ask = isDatagram ? askByDatagrams(relay) : (command) => relay.send(command);
  return { relay, grammar, isDatagram, ask, makePrompt: (name: string) => made.add(name) };
}

/** Sends a command and answers the reply, without line feeds at their ends. */
type Ask = (command: string) => string;

function askByDatagrams(relay: PureRelay): Ask {
  const commands = new DatagramCommands({
    handle: (command, _, answer) => answer(relay.send(command)),
    onDuplicate: () => {},
  });
  return (datagram) => {
    let reply = '';
    commands.receive(datagram, { key: 'client', origin: LOCAL_ORIGIN }, (answer) => {
      reply = answer;
    });
    return reply.replace(/\n$/, '');
  };
}

/** Compares a line with what is written, where numbers from 35000 on stand each for a port of its own; the families have theirs. */
function comparison(): (written: string, answered: string) => void {
  const ports = new Map<string, string>();
  const isPort = (word: string): boolean => /^[3-6][0-9]{4}$/.test(word) && Number(word) >= 35_000;
  return (written, answered) => {
    const [words, given] = [written.split(' '), answered.split(' ')];
    const family = written.endsWith(' 6') ? 'IPv6' : 'IPv4';
    const wanted = words.map((word, i) => {
      if (!isPort(word)) return word;
      const port = `${family} ${given[i]}`;
      assert.match(port, /^IPv[46] [0-9]+[02468]$/, `${written} was ${answered}`);
      if (!ports.has(word)) assert.ok(![...ports.values()].includes(port), `${written} was ${answered}: no port of its own`);
      ports.set(word, ports.get(word) ?? port);
      return ports.get(word)!.replace(/^.* /, '');
    });
    assert.equal(answered, wanted.join(' '));
  };
}

/** The name under which the files of `# makeann …` are played. */
function promptMadeBy(line: string): string {
  const read = parseMakeann(line.split(' ').slice(2));
  assert.ok(read.ok && read.value !== 'help', line);
  return read.value.template;
}

/** Time goes by as a thread sees it: in steps. */
function pass(relay: PureRelay, ms: number): void {
  for (let passed = 0; passed < ms; passed += 20) relay.advance(20);
}

for (const { title, commandLine, lines } of SCENES) {
  test(`[SY-34] [PN-56] example "${title}" is answered as written`, async () => {
    const { relay, ask, makePrompt } = await startedBy(commandLine);
    const compare = comparison();
    let unread: string[] = [];
    for (const line of lines) {
      const text = line.slice(2);
      if (!line.startsWith('< ')) assert.deepEqual(unread, [], `before ${line}`);
      if (line.startsWith('> ')) unread = ask(text).split('\n');
      else if (line.startsWith('< ')) compare(text, unread.shift() ?? assert.fail(`${line}: nothing was answered`));
      else if (line.startsWith('! ')) assert.equal(relay.told.notifications.shift()?.line, text);
      else if (line.startsWith('# makeann ')) makePrompt(promptMadeBy(line));
      else pass(relay, Number(/^# (\d+) seconds pass/.exec(line)?.[1] ?? assert.fail(line)) * 1000);
    }
    assert.deepEqual(unread, []);
    assert.deepEqual(relay.told.notifications, []);
  });
}

test('[SY-34] every command, sub-command and modifier of the page is in one of its examples', async () => {
  const [verbs, kinds, heads] = [new Set<string>(), new Set<string>(), [] as string[]];
  for (const { commandLine, lines } of SCENES) {
    const { grammar, isDatagram } = await startedBy(commandLine);
    for (const line of lines.filter((each) => each.startsWith('> '))) {
      const text = isDatagram ? line.replace(/^> \S+ ?/, '') : line.slice(2);
      const parsed = parseCommand(text, grammar);
      if (!parsed.ok) continue;
      verbs.add(parsed.value.verb);
      heads.push(text.split(' ')[0]!.replace(/\{.*\}/, '{}'));
      if ('subcommands' in parsed.value) for (const { kind } of parsed.value.subcommands) kinds.add(kind);
    }
  }
  assert.deepEqual([...verbs].sort(), [...VERBS].sort());
  assert.deepEqual([...kinds].sort(), Object.keys(SUBCOMMANDS).sort());
  const isShown = (verb: string, letter: string): boolean => heads.some((head) => RegExp(`^[${verb}].*${letter}`).test(head));
  for (const { letter, argument } of MODIFIERS) assert.ok(isShown('UL', argument ? `${letter}[0-9{]` : letter), letter);
  for (const { form, modifiers } of Object.values(COMMANDS))
    for (const letter of Object.keys(modifiers)) assert.ok(isShown(headOf(form), letter), `${form}: ${letter}`);
});

test('[PN-56] groff and man show the page without a warning', (t) => {
  if (findExecutable('groff') === null) return t.skip('groff not found; install with: apt-get install groff');
  const limits = { input: PAGE, encoding: 'utf8', timeout: 20_000 } as const;
  const groff = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou'], limits);
  assert.deepEqual([groff.status, groff.stderr], [0, '']);
  for (const { lines } of SCENES) for (const line of lines) assert.ok(groff.stdout.includes(`       ${line}\n`), line);
  if (findExecutable('man') === null) return t.diagnostic('man not found');
  const man = spawnSync('man', ['--warnings', '-l', '-'], { ...limits, env: { ...process.env, MANPAGER: 'cat' } });
  assert.deepEqual([man.status, man.stderr], [0, '']);
  assert.match(man.stdout, /MODIFIERS OF U AND L/);
});

test('[PN-56] the page ships: rtpbridge man prints it, and writes it with the others', (t) => {
  const program = fileURLToPath(new URL('../../src/cli/rtpbridge.js', import.meta.url));
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [program, 'man', ...args], { encoding: 'utf8', timeout: 20_000 });
  const printed = run(PROTOCOL_PAGE);
  assert.deepEqual([printed.status, printed.stderr], [0, '']);
  assert.match(printed.stdout, /^\.TH "RTPPROXY\\-PROTOCOL" 7 "" "rtpbridge \d/);
  const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-man-'));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.equal(run('--write', folder).status, 0);
  const pages = [
    'extractaudio.1',
    'makeann.1',
    'rtpbridge-ng.7',
    'rtpbridge.8',
    'rtpbridge.yaml.5',
    'rtpproxy-protocol.7',
    'rtpproxy.8',
  ];
  assert.deepEqual(readdirSync(folder).sort(), pages);
  const { man } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { man: string[] };
  assert.deepEqual(man.map((path) => path.replace('dist/man/', '')).sort(), pages, 'the package says which pages it has');
  assert.equal(readFileSync(join(folder, 'rtpproxy-protocol.7'), 'utf8'), printed.stdout);
  const unknown = run('rtpproxy-nonsense');
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /^rtpbridge: [^\n]*rtpproxy-protocol, rtpbridge-ng, rtpbridge\.yaml\n$/);
});
