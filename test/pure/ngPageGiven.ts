/** A relay that is spoken to as the examples of the manual are. */
import assert from 'node:assert/strict';
import { refuse } from '../../model/kernel/index.js';
import { decodeNg } from '../../src/protocol/ng/readRequest.js';
import { encodeReply } from '../../src/protocol/ng/reply.js';
import { jsonOf, publish } from '../../src/relay/callEvents/wording.js';
import { readCommandLine } from '../../src/relay/commandLine.js';
import { mergeNetworks } from '../../src/relay/networks/merge.js';
import { parseNetworks } from '../../src/relay/networks/parse.js';
import { defaultNetwork } from '../../src/relay/networks/table.js';
import { parseNetworkOption } from '../../src/relay/networks/written.js';
import { splitMessage } from '../../src/relay/ng/ngMessage.js';
import type { NgOrigin } from '../../src/relay/ng/ngOrigin.js';
import { readOptions } from '../../src/relay/options.js';
import { NgDispatch } from '../../src/relay/supervisor/ngDispatch.js';
import { PureRelay, START_MS, settingOf } from '../property/pureRelay.js';

const ORIGIN: NgOrigin = {
  ...{ host: '127.0.0.1', local: '127.0.0.1', transport: 'udp', client: '127.0.0.1', identity: null, connection: null },
};
const noNames = async (name: string) => refuse(`${name} is a name`);

/** As `$ rtpbridge serve …` would start it. */
export async function startedBy(commandLine: string) {
  const [, args = assert.fail(commandLine)] = /^\$ rtpbridge serve (.*)$/.exec(commandLine) ?? [];
  const read = readCommandLine(args.split(' '), 'rtpbridge');
  assert.ok(read.ok, commandLine);
  const options = readOptions(read.value, 'rtpbridge');
  assert.ok(options.ok, commandLine);
  const given = await parseNetworks(options.value.networks, options.value.advertise, noNames);
  const named = await Promise.all(options.value.namedNetworks.map((text) => parseNetworkOption(text, noNames)));
  const networks = mergeNetworks({
    given: given.ok && options.value.networks.length > 0 ? given.value : null,
    named: named.map((each) => (each.ok ? each.value : assert.fail(each.error))),
    settings: { networks: [], bridge: null, standard: null },
  });
  assert.ok(networks.ok, networks.ok ? '' : networks.error);
  const { host, advertised } = defaultNetwork(networks.value);
  const ttlMs = options.value.ttlSeconds * 1000;
  const relay = new PureRelay({ ...settingOf(32, ttlMs, ttlMs), host }, 1, {
    options: { network: { host, advertised } },
    setting: { networks: networks.value },
  });
  return { relay, ask: asker(relay) };
}

/** Sends a message, cookie and all, and answers what comes back. */
type Ask = (message: string) => string;

function asker(relay: PureRelay): Ask {
  const { shard } = relay;
  const dispatch = new NgDispatch(
    [
      {
        counters: shard.counters,
        ng: ({ payload, origin }, answer) => {
          const decoded = decodeNg(payload);
          if (!decoded.ok) return assert.fail(payload);
          answer(encodeReply(decoded.value.encoding, relay.ng(decoded.value.dictionary, origin)));
        },
        ngCodecs: (_, answer) => answer([]),
        ngClients: () => [],
        calls: (limit, answer) => answer(shard.directory.callIds(limit)),
        ...{
          command: () => assert.fail(),
          find: () => assert.fail(),
          deleteAll: () => assert.fail(),
          drain: () => assert.fail(),
        },
      },
    ],
    {
      prompts: { find: (_name, _codecs, found) => found(null) },
      keepSound: (_bytes, kept) => kept(null),
      attach: () => null,
      use: () => {},
      nowMs: () => relay.nowMs,
    },
  );
  return (message) => {
    const { cookie, payload } = splitMessage(message) ?? assert.fail(message);
    let reply = '';
    dispatch.handle(payload, ORIGIN, (text) => {
      reply = text;
    });
    return `${cookie} ${reply}`;
  };
}

/** The events that a relay has told so far, as their controller gets them; each is told once. */
export function toldBy(relay: PureRelay, count: { seq: number }): string[] {
  return relay.told.events
    .splice(0)
    .map(({ owner, event }) => jsonOf(publish(event, { controller: owner.controller, seq: ++count.seq, run: START_MS })));
}

type Compare = (written: string, said: string) => void;

/** Compares a message with what is written, where numbers from 35000 on stand each for a port of its own. */
export function comparison(): Compare {
  const ports = new Map<string, string>();
  return (written, said) => {
    const parts = written.split(/\b(3[5-9][0-9]{3})\b/);
    const pattern = parts.map((part, i) => (i % 2 === 1 ? '([0-9]+)' : part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))).join('');
    const found: string[] | undefined = new RegExp(`^${pattern}$`).exec(said)?.slice(1);
    if (found === undefined) return assert.equal(said, written);
    const names = parts.filter((_, i) => i % 2 === 1);
    for (const [i, name] of names.entries()) {
      const port: string = found[i]!;
      assert.equal(Number(port) % 2, 0);
      if (!ports.has(name)) assert.ok(![...ports.values()].includes(port), `${written} was ${said}: no port of its own`);
      assert.equal(ports.get(name) ?? port, port, `${written} was ${said}`);
      ports.set(name, port);
    }
  };
}

/** The messages of a scene: lines of one sign that go on with two more blanks are one. */
export function messagesOf(lines: readonly string[]): { readonly sign: string; readonly text: string }[] {
  const messages: { sign: string; text: string }[] = [];
  for (const line of lines) {
    const [sign, text] = [line[0]!, line.slice(2)];
    const last = messages.at(-1);
    if (text.startsWith('  ') && last?.sign === sign) last.text += text.slice(2);
    else messages.push({ sign, text });
  }
  return messages;
}
