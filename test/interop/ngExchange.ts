import { equal, fail, ok } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { type Child, startChild } from '../rig/child.js';
import { shortCodec } from '../rig/ngCodec.js';
import { findExecutable, requirePeer } from '../rig/peers.js';
import { leasePorts } from '../rig/ports.js';
import { type RelayOptions, startRelay } from '../rig/relay.js';
import type { RtpPeer } from '../rig/rtpPeer.js';
import type { Call } from './calls.js';
import type { Exchange } from './exchange.js';
import { audio, type Headers } from './scenario.js';
import { ASSETS, INSTALL, sipAnswers } from './scene.js';
import { type IsAbout, Tap } from './tap.js';

/** As in `openExchange`. */
const PORTS = 600;

/** Kamailio with `ngCalls.cfg` and its rtpengine module, and relays that it asks in the NG protocol over UDP, through a tap. */
export type NgExchange = Exchange & {
  /** Where each relay answers without a tap: a port of 127.0.0.1. */
  readonly ngPorts: readonly number[];
};

export type NgExchangeOptions = {
  readonly relays: readonly RelayOptions[];
  /** The sets of relays, each of the places of its relays (from 1). Left out: a set for each relay. */
  readonly sets?: readonly (readonly number[])[];
  readonly kamailio?: Pick<NgKamailioOptions, 'more' | 'hosts'>;
};

/**
 * Starts all of it; everything is ended and removed after the test, in reverse order, however the test ends.
 * @returns null when Kamailio or sipp is not installed and the test is skipped
 */
export async function openNgExchange(t: TestContext, options: NgExchangeOptions): Promise<NgExchange | null> {
  if (!requirePeer(t, ['kamailio', 'sipp'], INSTALL)) return null;
  const closings: (() => Promise<unknown>)[] = [];
  t.after(async () => {
    for (const close of closings.toReversed()) await close();
  });
  const dir = await mkdtemp(join(tmpdir(), 'rtpbridge-interop-'));
  closings.push(() => rm(dir, { recursive: true, force: true }));
  const ports = await leasePorts(PORTS);
  closings.push(() => ports.release());
  const [relays, taps, ngPorts]: [Exchange['relays'][number][], Tap[], number[]] = [[], [], []];
  for (const relayOptions of options.relays) {
    const ngPort = await ports.port();
    const ng = `udp:127.0.0.1:${ngPort}`;
    const relay = await startRelay({ ...relayOptions, args: ['--listen-ng', ng, ...(relayOptions.args ?? [])] });
    closings.push(() => relay.stop());
    const tap = await Tap.open(ng, isNgAbout);
    closings.push(async () => tap.close());
    relays.push(relay);
    taps.push(tap);
    ngPorts.push(ngPort);
  }
  const sets = (options.sets ?? taps.map((_, i) => [i + 1])).map((members) => members.map((n) => taps[n - 1]!.name));
  const sipPort = await ports.port();
  const kamailio = await startNgKamailio({ dir, sipPort, sets, ...options.kamailio });
  closings.push(() => kamailio.stop());
  await sipAnswers(kamailio, sipPort);
  return { kamailio, relays, taps, ngPorts, sipPort, dir, ports, closings };
}

export type NgKamailioOptions = {
  readonly dir: string;
  readonly sipPort: number;
  /** Where the relays of each set are asked. */
  readonly sets: readonly (readonly string[])[];
  /** Where it listens besides 127.0.0.1 and ::1. */
  readonly hosts?: readonly string[];
  readonly more?: readonly string[];
};

/** It is controlled by `DIR/kamailio.ctl`. */
export function startNgKamailio({ dir, sipPort, sets, hosts = [], more = [] }: NgKamailioOptions): Promise<Child> {
  const values = sets.map((members, i) => ['-A', `RELAY_${i + 1}="${i + 1} == ${members.join(' ')}"`]);
  return startChild(findExecutable('kamailio')!, [
    ...[
      '-f',
      join(ASSETS, 'ngCalls.cfg'),
      '-l',
      `udp:127.0.0.1:${sipPort}`,
      '-l',
      `udp:[::1]:${sipPort}`,
      '-Y',
      dir,
      '-DD',
      '-E',
    ],
    ...['-A', `CONTROL="unix:${join(dir, 'kamailio.ctl')}"`, ...values.flat(), ...more],
    ...hosts.flatMap((host) => ['-l', `udp:${host}:${sipPort}`]),
  ]);
}

/** Where Debian has the modules of Kamailio. */
const MODULES = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/kamailio/modules`;

/** As `requirePeer`, of a module of Kamailio that is in a package of its own. */
export function requireModule(t: TestContext, module: string, debianPackage: string): boolean {
  if (existsSync(join(MODULES, module))) return true;
  const message = `${module} not found; install with: apt-get install -y --no-install-recommends ${debianPackage}`;
  const { RTPBRIDGE_REQUIRE_PEERS } = process.env;
  if (RTPBRIDGE_REQUIRE_PEERS === '1') fail(message);
  t.skip(message);
  return false;
}

const isNgAbout: IsAbout = (command, callId) => command.includes(`7:call-id${callId.length}:${callId}`);

/** Asks Kamailio by its control socket. What it said. @throws when it refuses */
export async function kamcmd(dir: string, ...words: readonly string[]): Promise<string> {
  const asked = await startChild(findExecutable('kamcmd') ?? 'kamcmd', ['-s', `unix:${join(dir, 'kamailio.ctl')}`, ...words]);
  const { code } = await asked.exited;
  equal(code, 0, `${words.join(' ')}: ${asked.stderr()}${asked.stdout()}`);
  return asked.stdout();
}

/** What an end of media says of itself. */
export const audioOf = ({ port }: RtpPeer, host = '127.0.0.1'): string => audio(host, port);

/** Headers that have a call handled by a relay with these flags, and deleted in the end. */
export const relayed = (offer: string, answer = offer, more: Headers = {}): Headers => ({
  Relay: '1',
  Offer: offer,
  Answer: answer,
  Delete: 'stock',
  ...more,
});

/** A request and its reply, read. */
export type Asked = { readonly request: NgDictionary; readonly reply: NgDictionary };

/** What Kamailio and the nth of its relays (from 1) said about a call so far. */
export async function askedOf(call: Call, relay = 1): Promise<Asked[]> {
  return (await call.said(relay)).map(({ command, answer }) => ({ request: read(command), reply: read(answer) }));
}

/** The commands alone, with how each was answered: `offer ok`. */
export const inShort = (asked: readonly Asked[]): string[] =>
  asked.map(({ request, reply }) => `${request['command']} ${reply['result']}`);

function read(text: string): NgDictionary {
  const dictionary = shortCodec.decode(text);
  ok(dictionary !== null, text);
  return dictionary;
}
