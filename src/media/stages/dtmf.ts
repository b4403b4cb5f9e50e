import { isRtp, rtpHeaderLength, rtpPayloadLength, rtpPayloadType, rtpTimestamp } from '../../protocol/rtp/header.js';
import {
  type DtmfEvent,
  digitOf,
  eventCode,
  eventDuration,
  eventEnds,
  eventVolume,
  TELEPHONE_EVENT_BYTES,
} from '../../protocol/rtp/telephoneEvent.js';

/** Events remembered, so that the repeats of an end are known and an event may overtake another. */
const HISTORY = 4;
const EMPTY = -1;

/**
 * Tells which keys were pressed in one stream of RTP (RFC 4733). An event is several packets with one RTP timestamp; its end is sent
 * three times. It is reported once, with the first end that comes after another packet of it: as with rtpproxy, an event of which only
 * an end was heard waits for a repeat.
 */
export class DtmfDetector {
  /** The payload type of events, 0…127. A repeated command may change it; what is remembered stays. */
  payloadType: number;

  // The newest HISTORY events, each in a place of its own; `#next` is the place of the oldest.
  readonly #timestamps = new Uint32Array(HISTORY);
  readonly #codes = new Int16Array(HISTORY).fill(EMPTY);
  readonly #durations = new Uint16Array(HISTORY);
  readonly #pending = new Uint8Array(HISTORY);
  #next = 0;

  constructor(payloadType: number) {
    this.payloadType = payloadType;
  }

  /** Whether the packet at `start` has the payload type of events, whatever is in it: what the flag `h` keeps from being relayed. */
  isEvent(bytes: Uint8Array, start: number, length: number): boolean {
    return isRtp(bytes, start, length) && rtpPayloadType(bytes, start) === this.payloadType;
  }

  /** Takes a packet of the stream, of any kind. Answers the event it completes, mostly null. */
  take(bytes: Uint8Array, start: number, length: number): DtmfEvent | null {
    if (!this.isEvent(bytes, start, length)) return null;
    const payload = rtpPayloadLength(bytes, start, length);
    if (payload < TELEPHONE_EVENT_BYTES) return null; // RTP_MALFORMED is.
    const at = start + rtpHeaderLength(bytes, start, length);
    const code = eventCode(bytes, at);
    const digit = digitOf(code);
    if (digit === null) return null;
    const duration = eventDuration(bytes, at);
    const timestamp = rtpTimestamp(bytes, start);
    const place = this.#placeOf(timestamp);
    if (place === EMPTY) {
      this.#begin(timestamp, code, duration);
      return null;
    }
    if (this.#pending[place] === 0 || this.#codes[place] !== code) return null;
    if (duration > this.#durations[place]!) this.#durations[place] = duration;
    if (!eventEnds(bytes, at)) return null;
    this.#pending[place] = 0;
    return { digit, volume: eventVolume(bytes, at), duration: this.#durations[place]! };
  }

  #placeOf(timestamp: number): number {
    for (let place = 0; place < HISTORY; place++) {
      if (this.#codes[place] !== EMPTY && this.#timestamps[place] === timestamp) return place;
    }
    return EMPTY;
  }

  #begin(timestamp: number, code: number, duration: number): void {
    const place = this.#next;
    this.#timestamps[place] = timestamp;
    this.#codes[place] = code;
    this.#durations[place] = duration;
    this.#pending[place] = 1;
    this.#next = (place + 1) % HISTORY;
  }
}
