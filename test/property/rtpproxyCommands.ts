/** Commands of the classic protocol, and how they may be written. */
import fc from 'fast-check';
import { udpPort } from '../../model/kernel/index.js';
import { formatIPv6, parseIPv6 } from '../../src/protocol/bytes/sockaddr.js';
import type {
  Description,
  NetworkChoice,
  NotifyRequest,
  RtpproxyCommand,
  Subcommand,
  UpdateCommand,
} from '../../src/protocol/rtpproxy/command.js';

/** How a command is written: its letters' case and order, its blanks. None of it says anything. */
export type Manner = { readonly upper: boolean; readonly order: readonly number[]; readonly blank: string };

export const manners = (): fc.Arbitrary<Manner> =>
  fc.record({
    upper: fc.boolean(),
    order: fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8], { minLength: 9 }),
    blank: fc.string({ unit: fc.constantFrom(' ', '\t', '\r', '\n'), minLength: 1, maxLength: 3 }),
  });

const name = (): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'abcXYZ019@.-_;!~*()'), minLength: 1, maxLength: 40 });
const ipv6 = (): fc.Arbitrary<string> => fc.ipV6().map((host) => formatIPv6(parseIPv6(host) ?? [0, 0, 0, 0, 0, 0, 0, 1]));
const host = (): fc.Arbitrary<string> => fc.oneof(fc.ipV4(), ipv6());
const isWildcard = (text: string): boolean => text === '0.0.0.0' || text === '::';

const networks = (): fc.Arbitrary<NetworkChoice> => {
  const end = fc.constantFrom('internal' as const, 'external' as const);
  return fc.oneof(
    fc.constant({ kind: 'default' as const }),
    fc.record({ kind: fc.constant('bridge' as const), caller: end, callee: fc.option(end) }),
    fc.record({ kind: fc.constantFrom('address' as const, 'towards' as const), host: host() }),
    fc.record({ kind: fc.constant('label' as const), label: fc.constantFrom('lan', 'wan-2') }),
  );
};

function withSix(network: NetworkChoice): NetworkChoice {
  if (network.kind === 'default') return { kind: 'ipv6' };
  return network.kind === 'bridge' || network.kind === 'label' ? { ...network, ipv6: true } : network;
}

const descriptions = (): fc.Arbitrary<Description> => {
  const seconds = fc.option(fc.integer({ min: 1, max: 999_999_999 }));
  const address = fc.record({
    host: host().filter((text) => !isWildcard(text)),
    port: fc.integer({ min: 1, max: 65_535 }).map(udpPort),
  });
  return fc
    .record({
      remote: fc.option(address),
      held: fc.boolean(),
      weak: fc.boolean(),
      asymmetric: fc.constantFrom(null, true, false),
      codecs: fc.array(fc.nat({ max: 127 }), { maxLength: 5 }),
      resizeMs: fc.option(fc.integer({ min: 1, max: 999 })),
      newPort: fc.boolean(),
      callerTtlSeconds: seconds,
      calleeTtlSeconds: seconds,
      network: networks(),
    })
    .map((said) => {
      const held = said.held && said.remote === null;
      // A 6, which an IPv6 address needs, says something of the network too, but where that is named by an address.
      return { ...said, held, network: said.remote?.host.includes(':') ? withSix(said.network) : said.network };
    });
};

const notifications = (to: string | null): fc.Arbitrary<NotifyRequest | null> => {
  const socket = fc.constantFrom(
    'tcp:127.0.0.1:9',
    '/tmp/a',
    'unix:/tmp/a',
    'tcp:%%CC_SELF%%:9',
    'xmlrpc:http://127.0.0.1:8000/RPC2',
  );
  const tag = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => String.fromCharCode(...bytes));
  const strict = fc.record({ socket: fc.oneof(socket, fc.constant('10.0.0.1:9')), tag, lenient: fc.constant(false) });
  const lenient = fc.record({ socket, tag: to === null ? fc.option(tag) : fc.constant(null), lenient: fc.constant(true) });
  return fc.oneof(fc.constant(null), strict, lenient);
};

const subcommands = (bothTags: boolean): fc.Arbitrary<readonly Subcommand[]> => {
  const everywhere: fc.Arbitrary<Subcommand>[] = [
    fc.record({
      kind: fc.constant('module' as const),
      module: fc.constantFrom(3, 4, 5),
      instance: fc.constant(1),
      args: fc.array(name(), { maxLength: 22 }),
    }),
    fc.record({ kind: fc.constant('delete' as const), weak: fc.boolean() }),
    fc.record({
      kind: fc.constant('set' as const),
      reverse: fc.boolean(),
      name: fc.constantFrom('ttl' as const, 'tos' as const),
      value: fc.integer({ min: 1, max: 255 }),
    }),
  ];
  const ofBoth: fc.Arbitrary<Subcommand>[] = [
    fc.record({ kind: fc.constant('lookup' as const), description: descriptions() }),
    fc.record({ kind: fc.constant('fork' as const), call: name(), tags: fc.record({ from: name(), to: name() }) }),
  ];
  return fc.array(fc.oneof(...everywhere, ...(bothTags ? ofBoth : [])), { maxLength: 15 });
};

/** What P may name: payload types, those of the session, and whatever else stands there. */
const promptCodecs = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.array(fc.nat(127), { minLength: 1, maxLength: 4 }).map((numbers) => numbers.join(',')),
    fc.constant('session'),
    name(),
  );

/** A host, with its port, or a file. */
const copyTargets = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.tuple(host(), fc.nat(70_000)).map(([to, port]) => `udp:${bracketed(to)}:${port}`),
    fc.tuple(host(), fc.nat(70_000)).map(([to, port]) => `udp:${to}:${port}`),
    name(),
  );

const tags = () => fc.record({ from: name(), to: fc.option(name()) });

const updates = (): fc.Arbitrary<UpdateCommand> =>
  tags().chain(({ from, to }) =>
    fc
      .tuple(fc.constantFrom('update' as const, 'lookup' as const), name(), descriptions(), notifications(to))
      .chain(([verb, call, description, notify]) => {
        const asked = verb === 'update' ? notify : null;
        const isKnown = verb === 'update' && to !== null;
        return subcommands(isKnown).map((parts) => ({
          verb,
          call,
          tags: { from, to },
          ...description,
          notify: asked,
          subcommands: parts,
        }));
      }),
  );

export const rtpproxyCommands = (): fc.Arbitrary<RtpproxyCommand> => {
  const ofCall = { call: name(), tags: tags() };
  const count = fc.integer({ min: -99, max: 999 });
  return fc.oneof(
    { weight: 8, arbitrary: updates() },
    fc.constantFrom<RtpproxyCommand>({ verb: 'version' }, { verb: 'deleteAll' }),
    fc.record({ verb: fc.constant('capability' as const), date: name() }),
    fc.record({ verb: fc.constant('info' as const), load: fc.boolean() }),
    fc.record({ verb: fc.constant('statistics' as const), verbose: fc.boolean(), names: fc.array(name(), { maxLength: 22 }) }),
    fc.record({ verb: fc.constant('delete' as const), ...ofCall, weak: fc.boolean() }),
    fc.record({ verb: fc.constant('play' as const), ...ofCall, prompt: name(), codecs: promptCodecs(), count }),
    fc.record({ verb: fc.constant('stopPlay' as const), ...ofCall }),
    fc.record({ verb: fc.constant('record' as const), ...ofCall, single: fc.boolean() }),
    fc.record({
      verb: fc.constant('copy' as const),
      ...ofCall,
      target: copyTargets(),
      single: fc.boolean(),
      reportPort: fc.boolean(),
    }),
    fc.record({ verb: fc.constant('stopRecord' as const), ...ofCall, both: fc.boolean() }),
    fc.record({
      verb: fc.constant('query' as const),
      call: name(),
      tags: fc.record({ from: name(), to: name() }),
      modifiers: fc.constantFrom('', 'v'),
      names: fc.array(name(), { maxLength: 14 }),
      subcommands: subcommands(false),
    }),
  );
};

const wordsOf = ({ from, to }: { readonly from: string; readonly to: string | null }): readonly string[] =>
  to === null ? [from] : [from, to];
const bracketed = (text: string): string => (text.includes(':') ? `[${text}]` : text);
const encoded = (text: string): string =>
  [...text].map((c) => (/[a-z0-9]/i.test(c) ? c : `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)).join('');

function lettersOf(said: Description, { upper, order }: Manner): string {
  const { network, codecs } = said;
  const isSix = network.kind === 'ipv6' || said.remote?.host.includes(':');
  const letters = [
    said.weak ? 'w' : '',
    said.asymmetric === null ? '' : said.asymmetric ? 'a' : 's',
    said.newPort ? 'n' : '',
    said.resizeMs === null ? '' : `z${said.resizeMs}`,
    codecs.length > 0 ? `c${codecs.join(',')}` : '',
    network.kind === 'bridge' ? network.caller.charAt(0) + (network.callee ?? '').charAt(0) : '',
    network.kind === 'address' ? `l${bracketed(network.host)}` : network.kind === 'towards' ? `r${bracketed(network.host)}` : '',
  ];
  // Whatever has a meaning of its own in its case is put in afterwards.
  const asIs = [
    network.kind === 'label' ? `${upper ? 'L' : 'l'}{${network.label}}` : '',
    (said.callerTtlSeconds === null ? '' : `t${said.callerTtlSeconds}`) +
      (said.calleeTtlSeconds === null ? '' : `T${said.calleeTtlSeconds}`),
  ];
  const all = [...letters.map((text) => (upper ? text.toUpperCase() : text)), ...asIs];
  return (isSix ? '66' : '') + order.map((i) => all[i] ?? '').join('');
}

function hostOf({ remote, held, network }: Description): readonly string[] {
  if (remote !== null) return [remote.host, `${remote.port}`];
  if (held) return [network.kind === 'ipv6' ? '::' : '0.0.0.0', '4000'];
  return ['-', '0'];
}

function notifyWords({ notify, tags: { to } }: UpdateCommand): readonly string[] {
  if (notify === null) return [];
  if (!notify.lenient) return [notify.socket, encoded(notify.tag ?? '')];
  return to === null && notify.tag !== null ? [`${notify.socket};${encoded(notify.tag)}`] : [notify.socket];
}

function subcommandWords(subcommand: Subcommand, manner: Manner): readonly string[] {
  const letter = (text: string): string => (manner.upper ? text.toUpperCase() : text);
  switch (subcommand.kind) {
    case 'module':
      return [`${letter('m')}${subcommand.module}:${subcommand.instance}`, ...subcommand.args];
    case 'delete':
      return [letter(subcommand.weak ? 'dw' : 'd')];
    case 'set':
      return [letter(subcommand.reverse ? 'sr' : 's'), `${subcommand.name}=${subcommand.value}`];
    case 'lookup':
      return [letter('l') + lettersOf(subcommand.description, manner), ...hostOf(subcommand.description)];
    case 'fork':
      return [letter('c'), subcommand.call, ...wordsOf(subcommand.tags)];
  }
}

function wordsOfCommand(command: RtpproxyCommand, manner: Manner): readonly string[] {
  const letter = (text: string): string => (manner.upper ? text.toUpperCase() : text);
  switch (command.verb) {
    case 'version':
      return [letter('v')];
    case 'deleteAll':
      return [letter('x')];
    case 'capability':
      return [letter('vf'), command.date];
    case 'info':
      return [letter(command.load ? 'ibl' : 'ib')];
    case 'statistics':
      return [letter(command.verbose ? 'gv' : 'g'), ...command.names];
    case 'delete':
      return [letter(command.weak ? 'dw' : 'd'), command.call, ...wordsOf(command.tags)];
    case 'play':
      return [`${letter('p')}${command.count}`, command.call, command.prompt, command.codecs, ...wordsOf(command.tags)];
    case 'stopPlay':
      return [letter('s'), command.call, ...wordsOf(command.tags)];
    case 'record':
      return [letter(command.single ? 'rs' : 'r'), command.call, ...wordsOf(command.tags)];
    case 'copy': {
      const head = `c${command.single ? 's' : ''}${command.reportPort ? 'p' : ''}`;
      return [letter(head), command.call, command.target, ...wordsOf(command.tags)];
    }
    case 'stopRecord':
      return [letter(command.both ? 'na' : 'n'), command.call, ...wordsOf(command.tags)];
    case 'query':
      return [letter('q') + command.modifiers, command.call, ...wordsOf(command.tags), ...command.names];
    case 'update':
    case 'lookup': {
      const head = letter(command.verb === 'update' ? 'u' : 'l') + lettersOf(command, manner);
      return [head, command.call, ...hostOf(command), ...wordsOf(command.tags), ...notifyWords(command)];
    }
  }
}

/** Writes a command as a client would. */
export function printCommand(command: RtpproxyCommand, manner: Manner): string {
  const words = [...wordsOfCommand(command, manner)];
  if ('subcommands' in command) for (const part of command.subcommands) words.push('&&', ...subcommandWords(part, manner));
  return words.join(manner.blank);
}
