import {
  OPERATION_ASYNC_CANCEL,
  OPERATION_POLL_ADD,
  POLL_INPUT,
  type Ring,
  SQE_SKIP_SUCCESS,
  SQE_WORDS,
} from '../sys/ioUring.js';
import { ForeignInput } from './foreignInput.js';

/** The kind of these requests in the upper half of `user_data`, and that of what ends one. */
export const KIND_INPUT = 5;
const KIND_NONE = 0;

/** The descriptors that an engine on io_uring watches besides its sockets: each is polled once, and again when it has been seen to. */
export class RingInput {
  readonly #ring: Ring;
  readonly #input = new ForeignInput(0xffffffff);

  constructor(ring: Ring) {
    this.#ring = ring;
  }

  watch(fd: number, onReadable: () => void): void {
    this.#poll(fd, this.#input.add(fd, onReadable));
  }

  unwatch(fd: number): void {
    const number = this.#input.remove(fd);
    if (number === null) return;
    const [at, sqe] = this.#begin();
    sqe[at] = OPERATION_ASYNC_CANCEL | (SQE_SKIP_SUCCESS << 8);
    sqe[at + 4] = number;
    sqe[at + 5] = KIND_INPUT;
    sqe[at + 9] = KIND_NONE;
    this.#ring.submit(); // A poll keeps the file open, and the caller may be about to close it.
  }

  /** A poll has ended. It is begun anew behind the packets that are there by then. */
  take(number: number): void {
    this.#input.call(number);
    const fd = this.#input.descriptor(number);
    if (fd !== null) this.#poll(fd, number);
  }

  #poll(fd: number, number: number): void {
    const [at, sqe] = this.#begin();
    sqe[at] = OPERATION_POLL_ADD;
    sqe[at + 1] = fd;
    sqe[at + 7] = POLL_INPUT;
    sqe[at + 8] = number;
    sqe[at + 9] = KIND_INPUT;
  }

  #begin(): readonly [at: number, sqe: Uint32Array] {
    const at = this.#ring.nextSubmission();
    return [at, this.#ring.submissions.fill(0, at, at + SQE_WORDS)];
  }
}
