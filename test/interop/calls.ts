import { deepEqual } from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RtpPeer } from '../rig/rtpPeer.js';
import type { Exchange } from './exchange.js';
import {
  type Dialog,
  type End,
  expect,
  GO_ON,
  type Headers,
  receive,
  respond,
  type Step,
  scenario,
  send,
  wait,
} from './scenario.js';
import { type Sipp, sippListens, sippSucceeds, startSipp } from './scene.js';
import type { Exchanged } from './tap.js';

/** How long a message may take to arrive where it is awaited. */
const MESSAGE_LIMIT_MS = 8_000;
const MEDIA_LIMIT_MS = 3_000;
/** A call takes a second or two; the rest is for a busy machine. */
const CASE_BOUND = { timeout: 30_000 };
/** For the test around the cases: so many calls at a time. */
export const SIDE_BY_SIDE = { concurrency: 5, timeout: 120_000 };

export type CallPlan = {
  /** Of this call alone; also its Call-ID, unless that is given. */
  readonly key: string;
  readonly callId?: string;
  readonly fromTag?: string;
  /** What `calls.cfg` is told. */
  readonly headers: Headers;
  readonly caller: readonly Step[];
  readonly callee: readonly Step[];
  /** Another end, to which Kamailio forks the call, … */
  readonly other?: readonly Step[];
  /** … at the same time, or before. At the same time when left out. */
  readonly otherIs?: 'Fork' | 'First';
  /** Where each end speaks SIP; 127.0.0.1 when left out. */
  readonly hosts?: { readonly caller: string; readonly callee: string };
};

/** Headers that have a call handled by a relay with these flags, and deleted in the end. */
export const handled = (relay: number, offer: string, answer = offer, more: Headers = {}): Headers => ({
  Relay: String(relay),
  Offer: offer,
  Answer: answer,
  Delete: 'co',
  ...more,
});

/** A call with one offer and one answer that the caller ends when the test lets it. */
export const plainCall = (offer: string, answer: string): Pick<CallPlan, 'caller' | 'callee'> => ({
  caller: [send('INVITE', offer), expect(200), send('ACK'), wait, send('BYE'), expect(200)],
  callee: [receive('INVITE'), respond(180), respond(200, answer), receive('ACK'), receive('BYE'), respond(200)],
});

/** Where an end is told to send a stream. */
export type Place = { readonly address: string; readonly port: number };

/** What stands in a session description for each of its streams. */
export function placesOf(sdp: string): Place[] {
  const [head = '', ...streams] = sdp.split(/^(?=m=)/m);
  return streams.map((stream) => ({
    address: (/^c=IN IP[46] (\S+)/m.exec(stream) ?? /^c=IN IP[46] (\S+)/m.exec(head))?.[1] ?? '',
    port: Number(/^m=\S+ (\d+)/.exec(stream)?.[1]),
  }));
}

/** An end of a call: a sipp, and the log of its messages. */
export class Phone {
  readonly sipp: Sipp;
  readonly end: End;
  readonly #callId: string;
  #timesLet = 0;

  constructor(sipp: Sipp, end: End, callId: string) {
    this.sipp = sipp;
    this.end = end;
    this.#callId = callId;
  }

  /** What it received so far, but for what let it go on. */
  async #messages(): Promise<string[]> {
    const log = await readFile(this.sipp.messageLog, 'utf8').catch(() => '');
    const head = /^\s*UDP message received.*\n/;
    const messages = log.split(/^-{20,}.*$/m).flatMap((entry) => (head.test(entry) ? [entry.replace(head, '').trimStart()] : []));
    return messages.filter((message) => !message.startsWith(GO_ON));
  }

  /** The nth message it received that begins with these words. @throws when it does not come */
  async received(words: string, n = 1): Promise<string> {
    for (const until = Date.now() + MESSAGE_LIMIT_MS; Date.now() < until; await delay(10)) {
      const found = (await this.#messages()).filter((message) => message.startsWith(words))[n - 1];
      if (found !== undefined) return found;
    }
    throw new Error(`the ${this.end.name} of ${this.#callId} did not get ${n} × "${words}"\n${this.sipp.stderr()}`);
  }

  /** The session descriptions it received so far, in order; a message that came twice counts once. */
  async descriptions(): Promise<string[]> {
    const messages = new Set((await this.#messages()).map((message) => message.replaceAll('\r', '')));
    return [...messages].flatMap((message) => /^v=0\n.*/ms.exec(message)?.[0] ?? []);
  }

  /** Where it was told last to send its streams. */
  async places(): Promise<Place[]> {
    return placesOf((await this.descriptions()).at(-1) ?? '');
  }

  /**
   * Lets it go on behind its `wait`. Whoever calls this knows that it waits there. The request has the headers of the last INVITE it got, so
   * that its next reply is to that one.
   */
  async goOn(): Promise<void> {
    const [invite = ''] = (await this.#messages()).filter((message) => message.startsWith('INVITE ')).slice(-1);
    const { host, port } = this.end;
    const made = [
      `Via: SIP/2.0/UDP ${host};branch=z9hG4bK-${GO_ON}`,
      'From: <sip:test@127.0.0.1>;tag=test',
      'To: <sip:test@127.0.0.1>',
    ];
    const kept = invite.match(/^(?:Via|Record-Route|From|To|CSeq):.*$/gim) ?? [...made, `CSeq: 1 ${GO_ON}`];
    // What is the same as before sipp takes for a repetition.
    const own = [`Call-ID: ${this.#callId}`, `X-Time: ${++this.#timesLet}`];
    const lines = [`${GO_ON} sip:${host} SIP/2.0`, ...kept.map((line) => line.trim()), ...own];
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const bytes = `${[...lines, 'Content-Length: 0'].join('\r\n')}\r\n\r\n`;
    await new Promise<void>((resolve, reject) =>
      socket.send(bytes, port, host, (error) => {
        socket.close();
        if (error === null) resolve();
        else reject(error);
      }),
    );
  }
}

export class Call {
  readonly id: string;
  readonly caller: Phone;
  readonly callee: Phone;
  /** Whom it was forked to. */
  readonly other: Phone | null;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, id: string, caller: Phone, callee: Phone, other: Phone | null) {
    this.#exchange = exchange;
    this.id = id;
    this.caller = caller;
    this.callee = callee;
    this.other = other;
  }

  /** What Kamailio and the nth of its relays (from 1) said about it so far. */
  said(relay = 1): Promise<Exchanged[]> {
    return this.#exchange.taps[relay - 1]!.about(this.id);
  }

  /** Waits until it stands. Where each end was told to send its first stream. */
  async answered(): Promise<{ readonly toCaller: Place; readonly toCallee: Place }> {
    await this.callee.received('ACK');
    const [[toCaller], [toCallee]] = await Promise.all([this.caller.places(), this.callee.places()]);
    return { toCaller: toCaller!, toCallee: toCallee! };
  }

  /** The commands alone. */
  async commands(relay = 1): Promise<string[]> {
    return (await this.said(relay)).map(({ command }) => command);
  }

  /** The caller hangs up, and both ends had what they expected. */
  async hangUp(): Promise<void> {
    await this.caller.goOn();
    await this.ended();
  }

  /** @throws when an end did not get what it expected */
  async ended(): Promise<void> {
    const { kamailio, relays } = this.#exchange;
    const scene = { kamailio, relay: relays[0]! };
    await sippSucceeds(scene, `the caller of ${this.id}`, this.caller.sipp);
    await sippSucceeds(scene, `the callee of ${this.id}`, this.callee.sipp);
    if (this.other !== null) await sippSucceeds(scene, `the other callee of ${this.id}`, this.other.sipp);
  }
}

/** Starts a callee that waits, then a caller that calls it through Kamailio. */
export async function placeCall(exchange: Exchange, plan: CallPlan): Promise<Call> {
  const { ports, sipPort } = exchange;
  const hosts = plan.hosts ?? { caller: '127.0.0.1', callee: '127.0.0.1' };
  const dialog: Dialog = {
    key: plan.key,
    callId: plan.callId ?? plan.key,
    caller: { name: 'caller', host: hosts.caller, port: await ports.port(), tag: plan.fromTag ?? `${plan.key}-F` },
    callee: { name: 'callee', host: hosts.callee, port: await ports.port(), tag: `${plan.key}-T` },
    headers: plan.headers,
  };
  const other = plan.other === undefined ? null : await startOther(exchange, dialog, plan.other);
  const callee = await startPhone(exchange, dialog, 'callee', plan.callee);
  await sippListens(callee.sipp, dialog.callee.port);
  const forked =
    other === null ? dialog : { ...dialog, headers: { ...dialog.headers, [plan.otherIs ?? 'Fork']: uriOf(other.end) } };
  const caller = await startPhone(exchange, forked, 'caller', plan.caller, [
    ...['-cid_str', dialog.callId, '-key', 'target', uriOf(dialog.callee)],
    `${inUri(dialog.caller.host)}:${sipPort}`,
  ]);
  return new Call(exchange, dialog.callId, caller, callee, other);
}

async function startOther(exchange: Exchange, dialog: Dialog, steps: readonly Step[]): Promise<Phone> {
  const end = { ...dialog.callee, port: await exchange.ports.port(), tag: `${dialog.callee.tag}-other` };
  const phone = await startPhone(exchange, { ...dialog, key: `${dialog.key}-other`, callee: end }, 'callee', steps);
  await sippListens(phone.sipp, end.port);
  return phone;
}

async function startPhone(
  { dir, ports, closings }: Exchange,
  dialog: Dialog,
  name: End['name'],
  steps: readonly Step[],
  more: readonly string[] = [],
): Promise<Phone> {
  const { host, port } = dialog[name];
  const file = join(dir, `${dialog.key}-${name}.xml`);
  await writeFile(file, scenario(dialog, name, steps));
  const options = { scenario: file, host, sipPort: port, mediaPort: ports.range(4).min, calls: 1, more };
  return new Phone(await startSipp({ dir, closings }, options), dialog[name], dialog.callId);
}

const uriOf = ({ host, port }: End): string => `sip:callee@${inUri(host)}:${port}`;
const inUri = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Two ends of media for a call, closed after the test. */
export async function openPeers(
  { closings }: Exchange,
  hosts: readonly [string, string] = ['127.0.0.1', '127.0.0.1'],
): Promise<[RtpPeer, RtpPeer]> {
  const peers: [RtpPeer, RtpPeer] = [await RtpPeer.open(0x0ca11e4, hosts[0]), await RtpPeer.open(0x0ca11ee, hosts[1])];
  closings.push(() => Promise.all(peers.map((peer) => peer.close())));
  return peers;
}

/** An end of media and where it sends to. */
export type Speaker = { readonly peer: RtpPeer; readonly place: Place };

/** Both speak at once; each hears all of the other, unchanged, from the place it sends to. What came before is forgotten. */
export async function conversation(one: Speaker, other: Speaker, packets = 5): Promise<void> {
  for (const { peer } of [one, other]) peer.arrived.splice(0);
  await Promise.all([one, other].map(({ peer, place }) => peer.stream(place.port, packets, place.address)));
  await hears(one.peer, one.place, other.peer, packets);
  await hears(other.peer, other.place, one.peer, packets);
}

/** What has arrived at an end is `packets` of another one, from this place, and nothing else. */
export async function hears(peer: RtpPeer, from: Place, speaker: RtpPeer, packets: number): Promise<void> {
  for (const until = Date.now() + MEDIA_LIMIT_MS; peer.arrived.length < packets && Date.now() < until; ) await delay(5);
  deepEqual(
    peer.arrived.map(({ address, port, ssrc }) => ({ address, port, ssrc })),
    Array.from({ length: packets }, () => ({ ...from, ssrc: speaker.ssrc })),
  );
}

/** A test of a call through an exchange that serves others at the same time. */
export type Case<E extends Exchange = Exchange> = readonly [title: string, run: (exchange: E) => Promise<void>];

/** Runs them side by side, as many as the concurrency of `t` allows. */
export async function runCases<E extends Exchange>(t: TestContext, exchange: E, cases: readonly Case<E>[]): Promise<void> {
  await Promise.all(cases.map(([title, run]) => t.test(title, CASE_BOUND, () => run(exchange))));
}
