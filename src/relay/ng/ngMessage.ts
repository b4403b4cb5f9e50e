import { MAX_NG_COOKIE } from '../../protocol/ng/bounds.js';
import { type PayloadScanner, payloadScanner } from '../../protocol/ng/payloadScanner.js';
import { encodingOf, NO_FORMAT, undecodable } from '../../protocol/ng/readRequest.js';
import { encodeReply, errorReply } from '../../protocol/ng/reply.js';
import type { NgEncoding } from '../../protocol/ng/value.js';

/** A request as it comes by a transport, one character a byte. */
export type NgMessage = {
  /** Null: the transport has none, or it was left out where it may be. */
  readonly cookie: string | null;
  readonly payload: string;
};

export const MAX_MESSAGE_BYTES = 1 << 20;

/** Of a datagram that comes, with its headers; no longer one can come. */
export const MAX_DATAGRAM_BYTES = 65_535;
/** What IPv4 leaves of a datagram for an answer, its cookie counted (RFC 768, RFC 791); as much is sent over IPv6. */
const MAX_DATAGRAM_ANSWER_BYTES = 65_507;

/** The answer `reply`, or where no datagram can carry it with its cookie, one that says so. Both are payloads. */
export function fitDatagram(cookie: string, encoding: NgEncoding, reply: string): string {
  const bytes = cookie.length + 1 + reply.length;
  if (bytes <= MAX_DATAGRAM_ANSWER_BYTES) return reply;
  return encodeReply(encoding, errorReply(`Reply too long for UDP (${bytes} bytes); ask over TCP, HTTP or WebSocket`));
}

/** Cookie and payload of a message that is whole: the first blank parts them. Null: there is no cookie, or it is too long to be one. */
export function splitMessage(text: string): NgMessage | null {
  const end = text.indexOf(' ');
  if (end < 1 || end > MAX_NG_COOKIE) return null;
  return { cookie: text.slice(0, end), payload: text.slice(end + 1) };
}

/** The same the other way round. */
export const joinMessage = ({ cookie, payload }: NgMessage): string => (cookie === null ? payload : `${cookie} ${payload}`);

/** Whether a message without cookie is meant where both are possible: it begins as a dictionary does, `{` or `d7:`. */
export const isPlainPayload = (text: string): boolean => /^(?:\{|d(?:\d{1,7}:|e$))/.test(text);

/** What stands next in a stream. `broken`: no message will be found any more; `cookie` is that of the one that broke. */
export type NgRead =
  | { readonly kind: 'message'; readonly message: NgMessage }
  | { readonly kind: 'more' }
  | { readonly kind: 'broken'; readonly cookie: string | null; readonly encoding: NgEncoding; readonly reason: string };

const MORE: NgRead = { kind: 'more' };
const isBlank = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/**
 * Messages of a stream, one behind the other: cookie, blank, payload, which tells by itself where it ends. White space between messages is
 * skipped, so that they may be typed as lines. Every byte is looked at once, however it comes.
 */
export class NgStreamReader {
  readonly #chunks: string[] = [];
  #chunk = '';
  #at = 0;
  /** Of the cookie or the payload that is being read. */
  #pieces: string[] = [];
  #length = 0;
  #cookie: string | null = null;
  #scanner: PayloadScanner | null = null;
  #broken: NgRead | null = null;
  #count = 0;

  /** One character a byte. */
  push(chunk: string): void {
    if (this.#broken === null) this.#chunks.push(chunk);
  }

  /** How many messages were read. */
  get count(): number {
    return this.#count;
  }

  /** Whether the beginning of a message has been read, and not its end. */
  get isMidway(): boolean {
    return this.#cookie !== null || this.#length > 0;
  }

  next(): NgRead {
    while (this.#broken === null) {
      if (this.#at >= this.#chunk.length) {
        const chunk = this.#chunks.shift();
        if (chunk === undefined) return MORE;
        this.#chunk = chunk;
        this.#at = 0;
      }
      const read = this.#cookie === null ? this.#readCookie() : this.#readPayload(this.#cookie);
      if (read !== null) return read;
    }
    return this.#broken;
  }

  #readCookie(): null {
    if (this.#length === 0) while (this.#at < this.#chunk.length && isBlank(this.#chunk.charCodeAt(this.#at))) this.#at++;
    const blank = this.#chunk.indexOf(' ', this.#at);
    this.#keep(blank < 0 ? this.#chunk.length : blank);
    if (this.#length > MAX_NG_COOKIE) this.#break(NO_FORMAT);
    else if (blank >= 0) {
      this.#cookie = this.#takePieces();
      this.#at++;
    }
    return null;
  }

  #readPayload(cookie: string): NgRead | null {
    if (this.#scanner === null) {
      this.#scanner = payloadScanner(this.#chunk.charCodeAt(this.#at));
      if (this.#scanner === null) this.#break(NO_FORMAT);
    }
    if (this.#scanner === null) return null;
    const found = this.#scanner.scan(this.#chunk, this.#at);
    this.#keep(found.end);
    if (this.#length > MAX_MESSAGE_BYTES) this.#break(`Request too long (more than ${MAX_MESSAGE_BYTES} bytes)`);
    else if (found.kind === 'broken') this.#break(undecodable(this.#encoding));
    if (found.kind !== 'complete' || this.#broken !== null) return null;
    const payload = this.#takePieces();
    this.#cookie = null;
    this.#scanner = null;
    this.#count++;
    return { kind: 'message', message: { cookie, payload } };
  }

  #keep(end: number): void {
    if (end > this.#at) this.#pieces.push(this.#chunk.slice(this.#at, end));
    this.#length += end - this.#at;
    this.#at = end;
  }

  /** Of the payload that is being read. */
  get #encoding(): NgEncoding {
    return encodingOf(this.#pieces[0] ?? this.#chunk[this.#at] ?? '');
  }

  #takePieces(): string {
    const text = this.#pieces.length === 1 ? this.#pieces[0]! : this.#pieces.join('');
    this.#pieces = [];
    this.#length = 0;
    return text;
  }

  #break(reason: string): void {
    this.#broken = { kind: 'broken', cookie: this.#cookie, encoding: this.#cookie === null ? 'bencode' : this.#encoding, reason };
    this.#takePieces();
    this.#chunks.length = 0;
    this.#chunk = '';
    this.#at = 0;
  }
}
