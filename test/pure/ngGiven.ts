import assert from 'node:assert/strict';
import { type Address, formatAddress } from '../../model/kernel/index.js';
import { SIDES, type Side } from '../../model/session/side.js';
import type { SessionState } from '../../model/session/state.js';
import type { NgDictionary, NgValue } from '../../src/protocol/ng/value.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { mergeNetworks } from '../../src/relay/networks/merge.js';
import type { NetworkTable } from '../../src/relay/networks/table.js';
import type { NamedNetwork, NetworkPolicy } from '../../src/relay/settings/settings.js';
import { PureRelay, type Special, settingOf } from '../property/pureRelay.js';

export const CALL = 'call-1@example.net';

/** A plain description of one audio line, as a telephone sends it. */
export const sdpOf = (host: string, port: number, more: readonly string[] = []): string =>
  [
    'v=0',
    `o=- 4711 1 IN ${host.includes(':') ? 'IP6' : 'IP4'} ${host}`,
    's=call',
    `c=IN ${host.includes(':') ? 'IP6' : 'IP4'} ${host}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0 8 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    ...more,
    '',
  ].join('\r\n');

/** The host and port of each media line, as `host:port`. */
export function placesIn(sdp: NgValue | undefined): string[] {
  assert.equal(typeof sdp, 'string');
  let session = '';
  const places: { port: string; host: string }[] = [];
  for (const line of String(sdp).split(/\r?\n/)) {
    const c = /^c=IN IP[46] (\S+)/.exec(line)?.[1];
    const last = places.at(-1);
    if (c !== undefined && last === undefined) session = c;
    else if (c !== undefined && last !== undefined) last.host = c;
    const port = /^m=\S+ (\d+)/.exec(line)?.[1];
    if (port !== undefined) places.push({ port, host: session });
  }
  return places.map(({ host, port }) => `${host}:${port}`);
}

/** A relay that is spoken to by the NG protocol alone. */
export class NgScene {
  readonly relay: PureRelay;

  constructor(special: Special = {}, pairs = 20) {
    this.relay = new PureRelay(settingOf(pairs, 60_000, 60_000), 1, special);
  }

  ask(request: NgDictionary): NgDictionary {
    return this.relay.ng({ 'call-id': CALL, ...request });
  }

  offer(host: string, port: number, more: NgDictionary = {}): NgDictionary {
    return this.ask({ command: 'offer', 'from-tag': 'alice', sdp: sdpOf(host, port), ...more });
  }

  answer(host: string, port: number, more: NgDictionary = {}): NgDictionary {
    return this.ask({ command: 'answer', 'from-tag': 'alice', 'to-tag': 'bob', sdp: sdpOf(host, port), ...more });
  }

  /** A re-INVITE of either party: Alice's, unless `from` says Bob. */
  reoffer(host: string, port: number, more: NgDictionary = {}, from: 'alice' | 'bob' = 'alice'): NgDictionary {
    return this.ask({ command: 'offer', ...between(from), sdp: sdpOf(host, port), ...more });
  }

  /** What the other party says to it. */
  reanswer(host: string, port: number, more: NgDictionary = {}, from: 'alice' | 'bob' = 'alice'): NgDictionary {
    return this.ask({ command: 'answer', ...between(from), sdp: sdpOf(host, port), ...more });
  }

  /** A call of one audio line that Bob has answered. */
  agree(): this {
    this.offer('192.0.2.1', 4000);
    this.answer('192.0.2.2', 5000);
    return this;
  }

  delete(more: NgDictionary = {}): NgDictionary {
    return this.ask({ command: 'delete', 'from-tag': 'alice', ...more });
  }

  /** Both parties send one packet each, from where the relay sends to. */
  speak(sides: readonly Side[] = SIDES, ssrc = 7): void {
    for (const session of this.relay.shard.directory.ofCall(CALL)) {
      for (const side of sides) {
        const { local, rtp } = session.snapshot.context.legs[side];
        if (local === null || rtp.address === null) continue;
        this.relay.arrive(this.relay.rowAt(local.port), rtp.address, packetOf(ssrc));
      }
    }
  }

  /** The sessions of the call, as they are. */
  get states() {
    return this.relay.shard.directory.ofCall(CALL).map(({ snapshot }) => snapshot.context);
  }

  /** The only one of them. */
  get state(): SessionState {
    const [state, ...others] = this.states;
    assert.ok(state !== undefined && others.length === 0, `${this.states.length} sessions instead of one`);
    return state;
  }

  /** `line branch callee` of each session, sorted, to see which are there. */
  get present(): string[] {
    return this.states.map(({ dialogue }) => `${dialogue?.media} ${dialogue?.branch} ${dialogue?.tags.callee}`).sort();
  }
}

const between = (from: 'alice' | 'bob'): NgDictionary => ({ 'from-tag': from, 'to-tag': from === 'alice' ? 'bob' : 'alice' });

let sequence = 0;
/** The next packet of a stream, of PCMU. */
export const packetOf = (ssrc: number): Uint8Array =>
  buildRtp({ payloadType: 0, marker: false, sequence: ++sequence, timestamp: sequence * 160, ssrc }, new Uint8Array(160));

/** A media line: its `m=` without the letter, and what stands below it. */
export type Line = readonly [media: string, ...attributes: readonly string[]];
export const AUDIO = (port: number, ...more: readonly string[]): Line => [`audio ${port} RTP/AVP 0`, ...more];
export const VIDEO = (port: number, ...more: readonly string[]): Line => [
  `video ${port} RTP/AVP 96`,
  'a=rtpmap:96 VP8/90000',
  ...more,
];

/** A description of several lines, from one host. `session`: lines of its session part. */
export const sdpLines = (host: string, lines: readonly Line[], session: readonly string[] = []): string => {
  const family = host.includes(':') ? 'IP6' : 'IP4';
  const head = ['v=0', `o=- 1 1 IN ${family} ${host}`, 's=-', `c=IN ${family} ${host}`, 't=0 0', ...session];
  return [...head, ...lines.flatMap(([media, ...rest]) => [`m=${media}`, ...rest]), ''].join('\r\n');
};

/** Named networks of a table: `in 127.0.0.1`, `out 127.0.0.2`, … Each may have several addresses, and a policy. */
export function networksOf(
  named: Readonly<Record<string, readonly string[]>>,
  policies: Readonly<Record<string, Partial<NetworkPolicy>>> = {},
): NetworkTable {
  const networks = Object.entries(named).map(([name, hosts]): NamedNetwork => {
    const addresses = hosts.map((host) => {
      const [own = '', advertised = null] = host.split('!');
      return { host: own, advertised };
    });
    return { name, addresses, ports: null, policy: { latching: null, tos: null, ...policies[name] } };
  });
  const merged = mergeNetworks({ given: null, named: networks, settings: { networks: [], bridge: null, standard: null } });
  if (!merged.ok) throw new Error(merged.error);
  return merged.value;
}

/** Where each leg stands and where it sends, `caller ← place of its socket → where packets for it go`. */
export const legsOf = ({ legs }: SessionState): string[] =>
  SIDES.map((side) => {
    const { local, rtp } = legs[side];
    const where = (at: Address | null): string => (at === null ? '-' : formatAddress(at));
    return `${side} at ${where(local)} sends to ${where(rtp.address)}`;
  });

/** Ports of both legs, caller first; null: not open. */
export const portsOf = ({ legs }: SessionState): (number | null)[] => SIDES.map((side) => legs[side].local?.port ?? null);

/** Where what is sent to a side goes. */
export const remoteOf = (state: SessionState | undefined, side: Side): string => {
  const address = state?.legs[side].rtp.address ?? null;
  return address === null ? '-' : formatAddress(address);
};
