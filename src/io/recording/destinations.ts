import type { Address } from '../../../model/kernel/index.js';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_WORDS, sameHost } from '../../protocol/bytes/sockaddr.js';

const WILDCARDS = ['0.0.0.0', '::'];
const STREAMS = 4;

/**
 * To which of our addresses the packets of a session came: that of the socket, or, where that is bound to all of them, the one by which the
 * kernel would answer.
 */
export class Destinations {
  readonly #routeTo: (host: string) => string | null;
  /** A row of words for each stream: where its packets came to. */
  readonly words = new Uint32Array(STREAMS * SOCKADDR_WORDS);
  /** The source for which that was found, of streams that are bound to all addresses. */
  readonly #sources = new Uint32Array(STREAMS * SOCKADDR_WORDS);
  #locals: readonly (Address | null)[] = [];

  constructor(routeTo: (host: string) => string | null) {
    this.#routeTo = routeTo;
  }

  /** By row of the session; null: nobody knows. */
  set locals(locals: readonly (Address | null)[]) {
    this.#locals = locals;
    this.words.fill(0);
    this.#sources.fill(0);
    locals.slice(0, STREAMS).forEach((local, stream) => {
      if (local !== null) encodeSockaddr(local, this.words, stream * SOCKADDR_WORDS);
    });
  }

  /** Where in `words` the address stands to which a packet of a stream came. */
  of(stream: number, words: Uint32Array, source: number): number {
    const at = stream * SOCKADDR_WORDS;
    const local = this.#locals[stream] ?? null;
    if (local !== null && WILDCARDS.includes(local.host) && !sameHost(this.#sources, at, words, source)) {
      for (let i = 0; i < SOCKADDR_WORDS - 1; i++) this.#sources[at + i] = words[source + i]!;
      const from = decodeSockaddr(words, source);
      const host = from === null ? null : this.#routeTo(from.host);
      encodeSockaddr({ host: host ?? local.host, port: local.port }, this.words, at);
    }
    return at;
  }
}
