/** A relay that listens for NG by UDP, TCP and WebSocket, and clients of each. */
import { equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { eventually } from './calls.js';
import { askNg } from './ngAsk.js';
import type { NgAsk } from './ngCalls.js';
import { shortCodec } from './ngCodec.js';
import { NgStreamClient } from './ngScene.js';
import { leasePorts } from './ports.js';
import { type RelayOptions, type RunningRelay, startRelay } from './relay.js';

const LIMIT_MS = 5_000;

export type NgDoors = {
  readonly relay: RunningRelay;
  /** In bencode; each request from a socket of its own. */
  readonly udp: NgAsk;
  /** In JSON; each request over a connection of its own, so that the relay may die in between. */
  readonly tcp: NgAsk;
  /** A WebSocket; with a name, it has asked for the events of that controller. */
  readonly listen: (t: TestContext, controller?: string) => Promise<EventListener>;
};

/** Starts it; it ends with the test. */
export async function openNgDoors(t: TestContext, options: RelayOptions = {}): Promise<NgDoors> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const [udp, tcp, ws] = [await lease.port(), await lease.port(), await lease.port()];
  const doors = [`udp:127.0.0.1:${udp}`, `tcp:127.0.0.1:${tcp}`, `ws:127.0.0.1:${ws}`];
  const relay = await startRelay({
    ...options,
    args: [...doors.flatMap((name) => ['--listen-ng', name]), ...(options.args ?? [])],
  });
  t.after(() => relay.stop());
  return {
    relay,
    udp: (request) => askNg(udp, request),
    tcp: (request) => askByTcp(t, tcp, request),
    listen: (whose, controller) => EventListener.open(whose, `ws://127.0.0.1:${ws}`, controller),
  };
}

async function askByTcp(t: TestContext, port: number, request: NgDictionary): Promise<NgDictionary> {
  const client = await NgStreamClient.open(t, port);
  try {
    return readAnswer(await client.ask(`c ${shortCodec.encode(request, 'json')}`));
  } finally {
    client.socket.destroy();
  }
}

function readAnswer(text: string): NgDictionary {
  const answer = shortCodec.decode(text.slice(text.indexOf(' ') + 1));
  if (answer === null) throw new Error(`not an answer: ${text}`);
  return answer;
}

/** What the controller of some calls is told, in the order in which it comes. */
export class EventListener {
  readonly events: NgDictionary[] = [];
  readonly #socket: WebSocket;
  readonly #answers = new Map<string, NgDictionary>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const [text, message] = [String(data), readAnswer(String(data))];
      const cookie = text.slice(0, text.indexOf(' '));
      if (cookie.startsWith('event-')) this.events.push(message['data'] as NgDictionary);
      else this.#answers.set(cookie, message);
    });
  }

  static async open(t: TestContext, url: string, controller?: string): Promise<EventListener> {
    const socket = new WebSocket(url, ['ng.rtpengine.com']);
    t.after(() => socket.terminate());
    await once(socket, 'open', { signal: AbortSignal.timeout(LIMIT_MS) });
    const listener = new EventListener(socket);
    if (controller !== undefined) equal((await listener.ask({ command: 'events', controller }))['result'], 'ok');
    return listener;
  }

  /** Asks over the same connection. */
  readonly ask: NgAsk = async (request) => {
    const cookie = `c${++this.#asked}`;
    this.#socket.send(`${cookie} ${shortCodec.encode(request, 'json')}`);
    return eventually(async () => {
      const answer = this.#answers.get(cookie);
      if (answer === undefined) throw new Error(`${String(request['command'])} was not answered`);
      return answer;
    }, LIMIT_MS);
  };

  /** The events of that name of a call, as soon as there are so many. @throws when they do not come in time */
  told(call: string, name: string, count = 1, limitMs = LIMIT_MS): Promise<NgDictionary[]> {
    return eventually(async () => {
      const found = this.events.filter((event) => event['call-id'] === call && event['event'] === name);
      ok(found.length >= count, `${found.length} of ${count} ${name} of ${call}: ${JSON.stringify(this.events)}`);
      return found;
    }, limitMs);
  }
}
