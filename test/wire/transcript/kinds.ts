/** A client for each kind of control socket, all asked in the same way. */
import { connect } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { controlPlace, UdpControl, unixCommand } from '../../rig/control.js';

export const KINDS = ['udp', 'udp6', 'tcp', 'tcp6', 'unix', 'cunix', 'stdio'] as const;
export type Kind = (typeof KINDS)[number];

/** What `-s` is given for each of them: `DIR` stands for the folder of the relay, `PORT` for a free port. */
export const SOCKETS: Readonly<Record<Kind, string>> = {
  udp: 'udp:127.0.0.1:PORT',
  udp6: 'udp6:::1:PORT',
  tcp: 'tcp:127.0.0.1:PORT',
  tcp6: 'tcp6:::1:PORT',
  unix: 'unix:DIR/one.sock',
  cunix: 'cunix:DIR/many.sock',
  stdio: 'stdio:',
};

const ANSWER_LIMIT_MS = 3_000;
/** A reply comes in one piece; if it has fewer lines than expected, nothing more comes after so long. */
const QUIET_MS = 200;

export interface TranscriptClient {
  /**
   * Sends a command and takes its reply, without cookie and final line end.
   * @param lines how many are expected: a stream does not say where a reply ends
   */
  ask(command: string, lines: number): Promise<string>;
  close(): void;
}

/** @param name the control socket as `-s` takes it; @param pipes standard input and output of the relay */
export async function openClient(kind: Kind, name: string, pipes: Pipes): Promise<TranscriptClient> {
  if (kind === 'stdio') return new StreamClient(pipes.output, pipes.input, () => {});
  const place = controlPlace(name);
  if (kind === 'udp' || kind === 'udp6') {
    const client = await UdpControl.to(name);
    return { ask: (command) => client.ask(command, { timeoutMs: ANSWER_LIMIT_MS }), close: () => void client.close() };
  }
  if (kind === 'unix') {
    const path = 'path' in place ? place.path : '';
    const ask = async (command: string) => (await unixCommand(path, command, ANSWER_LIMIT_MS)).replace(/\n$/, '');
    return { ask, close: () => {} };
  }
  const socket = connect('path' in place ? { path: place.path } : { host: place.host, port: place.port });
  socket.setNoDelay(true);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return new StreamClient(socket, socket, () => socket.destroy());
}

/** Standard input and output of a process. */
export type Pipes = { readonly input: Writable; readonly output: Readable };

/** Commands and replies as lines, one after the other. */
class StreamClient implements TranscriptClient {
  readonly close: () => void;
  readonly #input: Writable;
  #text = '';
  #look: () => void = () => {};
  #isOver = false;

  constructor(output: Readable, input: Writable, close: () => void) {
    this.#input = input;
    this.close = close;
    output.setEncoding('latin1');
    output.on('data', (chunk: string) => {
      this.#text += chunk;
      this.#look();
    });
    const finish = (): void => {
      this.#isOver = true;
      this.#look();
    };
    output.on('end', finish).on('close', finish).on('error', finish);
    input.on('error', finish);
  }

  async ask(command: string, lines: number): Promise<string> {
    if (this.#text !== '') throw new Error(`before "${command}" something came unasked: ${JSON.stringify(this.#text)}`);
    this.#input.write(`${command}\n`, 'latin1');
    const count = (): number => this.#text.split('\n').length - 1;
    for (const end = Date.now() + ANSWER_LIMIT_MS; count() < lines; ) {
      if (this.#isOver) throw new Error(`"${command}": the relay closed the connection after ${JSON.stringify(this.#text)}`);
      const isNews = await this.#news(count() > 0 ? QUIET_MS : end - Date.now());
      if (!isNews && count() > 0) break;
      if (!isNews) throw new Error(`"${command}" was not answered in ${ANSWER_LIMIT_MS} ms, only ${JSON.stringify(this.#text)}`);
    }
    const reply = this.#text.replace(/\n$/, '');
    this.#text = '';
    return reply;
  }

  #news(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isNews: boolean): void => {
        clearTimeout(timer);
        this.#look = () => {};
        resolve(isNews);
      };
      const timer = setTimeout(() => settle(false), Math.max(0, limitMs));
      this.#look = () => settle(true);
    });
  }
}
