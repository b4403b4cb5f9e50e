import { deepEqual, match } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Child, startChild } from '../rig/child.js';
import { askOnce } from '../rig/control.js';
import { findExecutable, requirePeer } from '../rig/peers.js';
import { leasePorts, type PortLease } from '../rig/ports.js';
import { type RelayOptions, type RunningRelay, startRelay } from '../rig/relay.js';
import { runToEnd } from '../rig/startAttempt.js';
import { ASSETS, INSTALL, sipAnswers } from './scene.js';
import { Tap } from './tap.js';

/** Enough for fifty calls at two sipp each: a SIP port and four for media, of which none is used. */
const PORTS = 600;

/** A Kamailio with `calls.cfg`, its relays in processes of their own, and a tap on the way to each. */
export type Exchange = {
  readonly kamailio: Child;
  readonly relays: readonly RunningRelay[];
  /** On the way to the relay of the same place. */
  readonly taps: readonly Tap[];
  /** UDP on 127.0.0.1 and on ::1. */
  readonly sipPort: number;
  readonly dir: string;
  readonly ports: PortLease;
  /** What is called when the test is over, however it ends; the last one first. */
  readonly closings: (() => Promise<unknown>)[];
};

export type ExchangeOptions = {
  /** One or two: the nth of them is the one of `X-Relay: n`, counted from 1. */
  readonly relays: readonly RelayOptions[];
  /** What Kamailio has its relays notify of a timeout. */
  readonly timeoutSocket?: string;
  /** It stands behind another one, and reads the headers that are for it. */
  readonly isSecond?: boolean;
};

/**
 * Starts all of it; everything is ended and removed after the test, in reverse order, however the test ends.
 * @returns null when Kamailio or sipp is not installed and the test is skipped
 */
export async function openExchange(t: TestContext, options: ExchangeOptions): Promise<Exchange | null> {
  if (!requirePeer(t, ['kamailio', 'sipp'], INSTALL)) return null;
  const closings: (() => Promise<unknown>)[] = [];
  t.after(async () => {
    for (const close of closings.toReversed()) await close();
  });
  const dir = await mkdtemp(join(tmpdir(), 'rtpbridge-interop-'));
  closings.push(() => rm(dir, { recursive: true, force: true }));
  const ports = await leasePorts(PORTS);
  closings.push(() => ports.release());
  const relays: RunningRelay[] = [];
  const taps: Tap[] = [];
  for (const relayOptions of options.relays) {
    const relay = await startRelay(relayOptions);
    closings.push(() => relay.stop());
    const tap = await Tap.open(relay.control[0]!);
    closings.push(async () => tap.close());
    relays.push(relay);
    taps.push(tap);
  }
  const sipPort = await ports.port();
  const kamailio = await startKamailio(options, dir, sipPort, taps);
  closings.push(() => kamailio.stop());
  await sipAnswers(kamailio, sipPort);
  return { kamailio, relays, taps, sipPort, dir, ports, closings };
}

function startKamailio(options: ExchangeOptions, dir: string, sipPort: number, taps: readonly Tap[]): Promise<Child> {
  const values: Record<string, string> = { CONTROL: `unix:${join(dir, 'kamailio.ctl')}` };
  for (const [i, { name }] of taps.entries()) values[`RELAY_${i + 1}`] = `${i + 1} == ${name}`;
  if (options.timeoutSocket !== undefined) values['TIMEOUT_SOCKET'] = options.timeoutSocket;
  if (options.isSecond) values['PLACE'] = 'second';
  return startChild(findExecutable('kamailio')!, [
    ...['-f', join(ASSETS, 'calls.cfg'), '-l', `udp:127.0.0.1:${sipPort}`, '-l', `udp:[::1]:${sipPort}`, '-Y', dir, '-DD', '-E'],
    ...Object.entries(values).flatMap(([name, value]) => ['-A', `${name}="${value}"`]),
  ]);
}

/** No relay has a session left, and Kamailio complained of nothing but what was expected. */
export async function nothingIsLeft(exchange: Exchange, expectedComplaints: readonly RegExp[] = []): Promise<void> {
  const sessions = await Promise.all(exchange.relays.map(({ control }) => askOnce(control[0]!, 'I')));
  deepEqual(
    sessions.map((answer) => /^active sessions: .*$/m.exec(answer)?.[0]),
    exchange.relays.map(() => 'active sessions: 0'),
  );
  const complaints = exchange.kamailio.stderr().match(/^.*\b(?:ERROR|CRITICAL|ALERT|BUG)\b.*$/gm) ?? [];
  deepEqual(
    complaints.filter((line) => !expectedComplaints.some((expected) => expected.test(line))),
    [],
  );
}

/**
 * Ends the relays, and judges what they have written: every record keeps the rules of the model, and every command would be decided today as
 * it was then. It is the last that is asked of an exchange.
 */
export async function logsAreSound({ relays }: Exchange, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  for (const { pid, exited, dataDir } of relays) {
    process.kill(pid, signal);
    await exited;
    const { code, stdout, stderr } = await runToEnd(['replay', '--check', '--redecide', dataDir]);
    deepEqual({ code, stderr }, { code: 0, stderr: '' }, stdout);
    match(stdout, /^[1-9]\d* events?, [1-9]\d* sessions?, 0 rules broken\n[1-9]\d* commands?, 0 differ\n$/);
  }
}

/** What Kamailio's functions answered about a call: `INVITE 1`, `INVITE/200 1`, … in order. */
export function resultsOf({ kamailio }: Exchange, callId: string): string[] {
  return [...kamailio.stderr().matchAll(/\bDID (\S+) (\S+ -?\d+)/g)].flatMap(([, id, result]) =>
    id === callId ? [result!] : [],
  );
}

/** The statistics that Kamailio logged of a call before (`COUNTED`) or after (`LEFT`) its deletion. */
export function statisticsOf({ kamailio }: Exchange, word: 'COUNTED' | 'LEFT', callId: string): string | undefined {
  const lines = [...kamailio.stderr().matchAll(/\b(COUNTED|LEFT) (\S+) (.*)/g)];
  return lines.find(([, said, id]) => said === word && id === callId)?.[3]?.trim();
}
