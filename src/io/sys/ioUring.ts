import { declare, errnoName, lastErrno } from './libc.js';
import { type Arena, mapMemory } from './memory.js';
import { closeDescriptor } from './socket.js';

const setup = declare<(call: number, entries: number, parameters: number) => number>('syscall', 'int64_t', [
  'int64_t',
  'uint32_t',
  'uint64_t',
]);
const register = declare<(call: number, ring: number, operation: number, argument: number, count: number) => number>(
  'syscall',
  'int64_t',
  ['int64_t', 'int', 'uint32_t', 'uint64_t', 'uint32_t'],
);
const enter = declare<
  (call: number, ring: number, submit: number, complete: number, flags: number, argument: number, size: number) => number
>('syscall', 'int64_t', ['int64_t', 'int', 'uint32_t', 'uint32_t', 'uint32_t', 'uint64_t', 'uint64_t']);

// The numbers are the same on x64 and arm64.
const SYS_IO_URING_SETUP = 425;
const SYS_IO_URING_ENTER = 426;
const SYS_IO_URING_REGISTER = 427;

const SETUP_CQSIZE = 1 << 3;
const SETUP_SUBMIT_ALL = 1 << 7;
const SETUP_COOP_TASKRUN = 1 << 8;
const SETUP_SINGLE_ISSUER = 1 << 12;
const SETUP_DEFER_TASKRUN = 1 << 13;

const OFFSET_SUBMISSIONS = 0x10000000;
const REGISTER_BUFFER_RING = 22;
const ENTER_GETEVENTS = 1;
const ENTER_EXT_ARG = 8;

export const OPERATION_POLL_ADD = 6;
export const OPERATION_READ = 22;
export const OPERATION_SEND = 26;
export const OPERATION_RECVMSG = 10;
export const OPERATION_ASYNC_CANCEL = 14;
export const SQE_BUFFER_SELECT = 1 << 5;
export const SQE_SKIP_SUCCESS = 1 << 6;
export const RECV_MULTISHOT = 2;
/** What OPERATION_POLL_ADD waits for, in word 7: something to be read. */
export const POLL_INPUT = 1;
/** Completion flags: the buffer's number is in the upper half; more completions of this request will follow. */
export const CQE_BUFFER_SHIFT = 16;
export const CQE_MORE = 2;

/** A submission takes sixteen 32-bit words, a completion four. */
export const SQE_WORDS = 16;
export const CQE_WORDS = 4;

/**
 * One io_uring instance (io_uring(7)), made and used by one thread. Submissions are written straight into shared memory; no foreign call
 * is made until `wait` hands the whole batch over and collects completions in the same system call.
 */
export class Ring {
  readonly fd: number;
  /** Submission entries as words: fill the sixteen that `nextSubmission` names. */
  readonly submissions: Uint32Array;
  /** The mapped rings: completion entries are read through it. */
  readonly words: Uint32Array;
  readonly #arenas: Arena[] = [];
  readonly #submissionHead: number;
  readonly #submissionTail: number;
  readonly #submissionMask: number;
  readonly #completionHead: number;
  readonly #completionTail: number;
  readonly #overflow: number;
  readonly #entries: number;
  readonly completionMask: number;
  readonly completionBase: number;
  #tail: number;
  #submitted: number;
  readonly #argument: Arena;
  readonly #argumentWords: Uint32Array;

  /** Throws, naming the errno, where the system refuses: an old kernel, a container's filter, `kernel.io_uring_disabled`. */
  constructor(entries: number, completions: number) {
    this.#argument = mapMemory(4096);
    this.#arenas.push(this.#argument);
    this.#argumentWords = new Uint32Array(this.#argument.buffer);
    const parameters = this.#argumentWords;
    parameters[1] = completions;
    parameters[2] = SETUP_CQSIZE | SETUP_SUBMIT_ALL | SETUP_COOP_TASKRUN | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN;
    this.fd = setup(SYS_IO_URING_SETUP, entries, this.#argument.address);
    if (this.fd < 0) {
      this.#argument.unmap();
      throw new Error(`io_uring_setup: ${errnoName(lastErrno())}`);
    }
    // struct io_uring_params: ten words, then the offsets of the submission ring and of the completion ring, ten words each.
    const submission = parameters.slice(10, 20);
    const completion = parameters.slice(20, 30);
    this.#entries = parameters[0]!;
    const ringBytes = Math.max(submission[6]! + this.#entries * 4, completion[5]! + parameters[1]! * CQE_WORDS * 4);
    this.words = new Uint32Array(this.#map(ringBytes, 0).buffer);
    this.submissions = new Uint32Array(this.#map(this.#entries * SQE_WORDS * 4, OFFSET_SUBMISSIONS).buffer);
    this.#submissionHead = submission[0]! / 4;
    this.#submissionTail = submission[1]! / 4;
    this.#submissionMask = this.words[submission[2]! / 4]!;
    this.#completionHead = completion[0]! / 4;
    this.#completionTail = completion[1]! / 4;
    this.completionMask = this.words[completion[2]! / 4]!;
    this.#overflow = completion[4]! / 4;
    this.completionBase = completion[5]! / 4;
    for (let i = 0; i < this.#entries; i++) this.words[submission[6]! / 4 + i] = i;
    this.#tail = this.words[this.#submissionTail]!;
    this.#submitted = this.#tail;
    parameters.fill(0, 0, 32);
  }

  /** The mappings that keep the ring alive: whoever cleans up after a dead thread must unmap them besides closing `fd`. */
  get mappings(): readonly { readonly address: number; readonly length: number }[] {
    return this.#arenas;
  }

  /** Completions that the kernel had to drop or hold back since the ring was made. */
  get overflows(): number {
    return this.words[this.#overflow]!;
  }

  /** The first word of a cleared submission entry. Submits the waiting ones if the ring is full. */
  nextSubmission(): number {
    if ((this.#tail - this.words[this.#submissionHead]!) >>> 0 >= this.#entries) this.submit();
    const at = (this.#tail & this.#submissionMask) * SQE_WORDS;
    this.#tail = (this.#tail + 1) >>> 0;
    return at;
  }

  /** Whether the kernel has taken every submission. */
  get isTaken(): boolean {
    return this.#tail === this.#submitted;
  }

  /** Hands the waiting submissions to the kernel and lets it finish what can be finished, without waiting. */
  submit(): void {
    this.#enter(0, ENTER_GETEVENTS, 0, 0);
  }

  /** Submits, then waits until a completion is there or `timeoutMs` (whole milliseconds) is over. */
  wait(timeoutMs: number): void {
    const argument = this.#argumentWords;
    // struct io_uring_getevents_arg: sigmask (8 bytes), its size, padding, pointer to a timespec; the timespec stands behind.
    argument[4] = this.#argument.low + 32;
    argument[5] = this.#argument.high;
    argument[8] = Math.floor(timeoutMs / 1000);
    argument[10] = (timeoutMs % 1000) * 1_000_000;
    this.#enter(1, ENTER_GETEVENTS | ENTER_EXT_ARG, this.#argument.address, 24);
  }

  get head(): number {
    return this.words[this.#completionHead]!;
  }

  set head(value: number) {
    this.words[this.#completionHead] = value;
  }

  get tail(): number {
    return this.words[this.#completionTail]!;
  }

  /** Gives the kernel a ring of receive buffers under a group number. Throws with the errno's name. */
  registerBufferRing(address: Arena, entries: number, group: number): void {
    const argument = this.#argumentWords;
    argument.fill(0, 0, 10);
    argument[0] = address.low;
    argument[1] = address.high;
    argument[2] = entries;
    argument[3] = group;
    const result = register(SYS_IO_URING_REGISTER, this.fd, REGISTER_BUFFER_RING, this.#argument.address, 1);
    argument.fill(0, 0, 10);
    if (result < 0) throw new Error(`io_uring_register of a buffer ring: ${errnoName(lastErrno())}`);
  }

  /** Ends the ring: what was in flight is cancelled by the kernel. */
  close(): void {
    for (const arena of this.#arenas) arena.unmap();
    closeDescriptor(this.fd);
  }

  #map(length: number, offset: number): Arena {
    const arena = mapMemory(length, { fd: this.fd, offset });
    this.#arenas.push(arena);
    return arena;
  }

  #enter(complete: number, flags: number, argument: number, size: number): void {
    this.words[this.#submissionTail] = this.#tail;
    const count = (this.#tail - this.#submitted) >>> 0;
    const taken = enter(SYS_IO_URING_ENTER, this.fd, count, complete, flags, argument, size);
    // On a signal or a timeout nothing may have been taken; what the kernel took shows in the ring's own head.
    this.#submitted = taken === count ? this.#tail : this.words[this.#submissionHead]!;
  }
}
