import { equal } from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../rig/child.js';
import { findExecutable, requirePeer } from '../rig/peers.js';
import { leasePorts, type PortLease } from '../rig/ports.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';

export const ASSETS = fileURLToPath(new URL('../../../test/interop/', import.meta.url));
export const INSTALL = 'apt-get install -y --no-install-recommends kamailio sip-tester';
const KAMAILIO_START_MS = 8_000;
const SIPP_START_MS = 3_000;
const SIPP_LIMIT_S = 20;

/** A relay and a Kamailio that uses it, both in processes of their own, on ports of their own. */
export interface Scene {
  readonly relay: RunningRelay;
  readonly kamailio: Child;
  /** The relay as Kamailio's configuration names it. */
  readonly relayName: string;
  readonly dir: string;
  readonly ports: PortLease;
  readonly sipPort: number;
  readonly calleePort: number;
  /** What is called when the test is over, however it ends; the last one first. */
  readonly closings: (() => Promise<unknown>)[];
}

/**
 * Starts both; everything is ended and removed after the test, in reverse order, however the test ends.
 * @param control the control socket as `startRelay` takes it
 * @param nameFor makes Kamailio's name of that socket, when it is another one
 * @returns null when Kamailio or sipp is not installed and the test is skipped
 */
export async function openScene(t: TestContext, control: string, nameFor = (name: string) => name): Promise<Scene | null> {
  if (!requirePeer(t, ['kamailio', 'sipp'], INSTALL)) return null;
  const closings: (() => Promise<unknown>)[] = [];
  t.after(async () => {
    for (const close of closings.toReversed()) await close();
  });
  const dir = await mkdtemp(join(tmpdir(), 'rtpbridge-interop-'));
  closings.push(() => rm(dir, { recursive: true, force: true }));
  const ports = await leasePorts();
  closings.push(() => ports.release());
  const relay = await startRelay({ control: [control] });
  closings.push(() => relay.stop());
  const [sipPort, calleePort] = [await ports.port(), await ports.port()];
  const relayName = nameFor(relay.control[0]!);
  const kamailio = await startKamailio({ dir, relayName, sipPort, calleePort });
  closings.push(() => kamailio.stop());
  await sipAnswers(kamailio, sipPort);
  return { relay, kamailio, relayName, dir, ports, sipPort, calleePort, closings };
}

function startKamailio(place: { dir: string; relayName: string; sipPort: number; calleePort: number }): Promise<Child> {
  return startChild(findExecutable('kamailio')!, [
    ...['-f', join(ASSETS, 'kamailio.cfg'), '-l', `udp:127.0.0.1:${place.sipPort}`, '-Y', place.dir, '-DD', '-E'],
    ...['-A', `RELAY="${place.relayName}"`, '-A', `CALLEE="sip:127.0.0.1:${place.calleePort}"`],
  ]);
}

/** Asks by SIP OPTIONS until the answer comes; the worker that gives it has probed the relay before. */
export async function sipAnswers(kamailio: Child, sipPort: number): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  let answered = false;
  const answer = new Promise<void>((resolve) =>
    socket.once('message', () => {
      answered = true;
      resolve();
    }),
  );
  const until = Date.now() + KAMAILIO_START_MS;
  try {
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    for (let attempt = 1; !answered; attempt++) {
      if (!kamailio.running() || Date.now() > until) throw new Error(`Kamailio does not serve:\n${kamailio.stderr()}`);
      socket.send(options(socket.address().port, sipPort, attempt), sipPort, '127.0.0.1');
      await Promise.race([answer, delay(100)]);
    }
  } finally {
    socket.close();
  }
}

function options(ourPort: number, sipPort: number, attempt: number): string {
  return [
    `OPTIONS sip:127.0.0.1:${sipPort} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${ourPort};branch=z9hG4bK-up-${attempt}`,
    `From: <sip:test@127.0.0.1:${ourPort}>;tag=up`,
    `To: <sip:127.0.0.1:${sipPort}>`,
    `Call-ID: up-${ourPort}-${attempt}`,
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 5',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

export interface SippOptions {
  /** File of the scenario, within the folder of the tests or with its whole path. */
  readonly scenario: string;
  /** Its own address; 127.0.0.1 when left out. */
  readonly host?: string;
  readonly sipPort: number;
  readonly mediaPort: number;
  readonly calls: number;
  readonly more?: readonly string[];
  /** What its command line begins with, where it is to run somewhere else: in another network namespace. */
  readonly enter?: readonly string[];
}

/** A running sipp, and the log of the SIP messages it has sent and received. */
export interface Sipp extends Child {
  readonly messageLog: string;
}

/** Starts sipp in the directory of the test; a call that fails or a run over 20 s makes its exit code other than 0. */
export async function startSipp(scene: Pick<Scene, 'dir' | 'closings'>, options: SippOptions): Promise<Sipp> {
  const name = basename(options.scenario, '.xml');
  const host = options.host ?? '127.0.0.1';
  const messageLog = join(scene.dir, `${name}.messages`);
  const [command, ...inFront] = [...(options.enter ?? []), findExecutable('sipp')!];
  const sipp = await startChild(
    command!,
    [
      ...inFront,
      ...['-sf', resolve(ASSETS, options.scenario), '-i', host, '-p', String(options.sipPort)],
      ...['-mi', host, '-mp', String(options.mediaPort), '-m', String(options.calls), '-nostdin'],
      ...['-timeout', `${SIPP_LIMIT_S}s`, '-timeout_error', '-trace_err', '-error_file', join(scene.dir, `${name}.errors`)],
      ...['-trace_msg', '-message_file', messageLog, ...(options.more ?? [])],
    ],
    { cwd: scene.dir },
  );
  scene.closings.push(() => sipp.stop());
  return { ...sipp, messageLog };
}

/** Waits until sipp has bound its SIP port: without a listener the first INVITE would wait for its retransmission. */
export async function sippListens(sipp: Sipp, sipPort: number): Promise<void> {
  const bound = new RegExp(`: [0-9A-F]+:${sipPort.toString(16).toUpperCase().padStart(4, '0')} `);
  const until = Date.now() + SIPP_START_MS;
  const isBound = async (table: string) => bound.test(await readFile(table, 'latin1').catch(() => ''));
  // Its own tables: it may be in another network namespace.
  const tables = ['udp', 'udp6'].map((table) => `/proc/${sipp.pid}/net/${table}`);
  while (!(await Promise.all(tables.map(isBound))).includes(true)) {
    if (!sipp.running() || Date.now() > until) throw new Error(`sipp does not listen:\n${sipp.stdout()}${sipp.stderr()}`);
    await delay(20);
  }
}

/** @throws when one of the calls of this sipp went wrong, with what it had to say */
export async function sippSucceeds(scene: Pick<Scene, 'kamailio' | 'relay'>, who: string, sipp: Sipp): Promise<void> {
  const { code } = await sipp.exited;
  if (code === 0) return;
  const said = `${sipp.stderr()}${await readFile(sipp.messageLog, 'utf8').catch(() => '')}`;
  equal(code, 0, `${who}: sipp exit code\n${said}\nKamailio:\n${scene.kamailio.stderr()}\nrelay:\n${scene.relay.stderr()}`);
}

/** Where the audio of a received session description shall be sent. */
export interface AudioPlace {
  readonly address: string;
  readonly port: number;
}

/** The audio places of every session description that sipp has received so far, in order. */
export async function receivedAudio(sipp: Sipp): Promise<AudioPlace[]> {
  const log = await readFile(sipp.messageLog, 'utf8').catch(() => '');
  const received = log.split(/^-{20,}.*$/m).filter((entry) => /^\s*UDP message received/.test(entry));
  return received.flatMap((message) => {
    const address = /^c=IN IP4 (\S+)/m.exec(message)?.[1];
    const port = /^m=audio (\d+) /m.exec(message)?.[1];
    return address === undefined || port === undefined ? [] : [{ address, port: Number(port) }];
  });
}

/** What Kamailio logged of one call. */
export interface LoggedCall {
  readonly instance: string | undefined;
  /** `ttl received-from-asker received-from-other relayed dropped` as the relay gave it. */
  readonly counts: readonly number[] | undefined;
}

/** The lines RELAYED and COUNTED of Kamailio's log, by Call-ID; see kamailio.cfg. */
export function loggedCalls(kamailio: Child): Map<string, LoggedCall> {
  const calls = new Map<string, LoggedCall>();
  for (const [, word, callId, rest] of kamailio.stderr().matchAll(/(RELAYED|COUNTED) (\S+) (.+)/g)) {
    const known = calls.get(callId!) ?? { instance: undefined, counts: undefined };
    if (word === 'RELAYED') calls.set(callId!, { ...known, instance: rest!.replace('BY ', '').trim() });
    else calls.set(callId!, { ...known, counts: rest!.trim().split(' ').map(Number) });
  }
  return calls;
}
