/** A caller that hears a prompt, while the callee is silent or speaks. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { plainCodecs } from '../../src/protocol/audio/codecs.js';
import { FRAME_MS, FRAME_TICKS, type HeardRtp, longestStallMs, SoundPhone } from './soundPhone.js';

const PCMU = plainCodecs().get(0)!;
/** As long as a test may last. */
const SPEECH_PACKETS = 1500;
const TOLERANCE_MS = 60;
const FRAME_BYTES = 160;

export class PromptListener {
  readonly call: string;
  readonly phone: SoundPhone;
  readonly #isHushed: { readonly signal: AbortController; readonly done: Promise<void> };

  private constructor(call: string, phone: SoundPhone, signal: AbortController, done: Promise<void>) {
    this.call = call;
    this.phone = phone;
    this.#isHushed = { signal, done };
  }

  /** Sets the call up, with the tags `f` and `t`. */
  static async open(
    t: TestContext,
    control: { readonly ask: (command: string) => Promise<string> },
    call: string,
    callee: 'silent' | 'talking',
  ): Promise<PromptListener> {
    const [phone, other] = [await SoundPhone.open(t), await SoundPhone.open(t)];
    const facesCallee = Number.parseInt(await control.ask(`U ${call} 127.0.0.1 ${phone.port} f`), 10);
    match(await control.ask(`L ${call} 127.0.0.1 ${other.port} f t`), /^[1-9]\d* 127\.0\.0\.1$/);
    const signal = new AbortController();
    t.after(() => signal.abort());
    const speech = { codec: PCMU, startMs: performance.now(), packets: SPEECH_PACKETS, level: () => 0, signal: signal.signal };
    const done = callee === 'silent' ? Promise.resolve() : other.speak(facesCallee, speech);
    return new PromptListener(call, phone, signal, done);
  }

  /** The callee says nothing any more. */
  async hush(): Promise<void> {
    this.#isHushed.signal.abort();
    await this.#isHushed.done;
  }
}

/**
 * What was heard is one stream that goes on by the clock whatever happened, but for what was lost in so many crashes; of the prompt always the
 * part that its time has come for.
 */
export function goesOn({ phone: { heard }, call }: PromptListener, frames: Uint8Array, crashes: number): void {
  equal(new Set(heard.map(({ ssrc }) => ssrc)).size, 1, `${call}: one source`);
  const gaps = heard.flatMap((packet, i) => (i > 0 && stepOf(heard[i - 1]!, packet) !== 1 ? [i] : []));
  ok(gaps.length <= crashes, `${call}: ${gaps.map((i) => `${heard[i - 1]!.sequence} ${heard[i]!.sequence}`)}`);
  const parts = Array.from({ length: frames.length / FRAME_BYTES }, (_, n) =>
    Buffer.from(frames.subarray(n * FRAME_BYTES, (n + 1) * FRAME_BYTES)),
  );
  const ofPrompt = heard.filter(({ payload }) => parts.some((part) => part.equals(payload)));
  ok(ofPrompt.length > 10 * parts.length, `${call}: ${ofPrompt.length} packets of the prompt`);
  const [first] = ofPrompt;
  for (const { timestamp, payload } of ofPrompt) {
    const step = ((timestamp - first!.timestamp) >>> 0) / FRAME_TICKS;
    deepEqual(payload, parts[step % parts.length], `${call}: packet ${step} of the prompt`);
  }
  const runs = [0, ...gaps, heard.length].slice(1).map((end, i) => heard.slice([0, ...gaps][i], end));
  const late = runs.map((run) => Math.min(...run.map((packet) => lateness(heard[0]!, packet))));
  // Where a prompt stands in a stream is taken from the packet before it, which may have come late.
  const stallMs = Math.max(...runs.map(longestStallMs));
  const apartMs = Math.max(...late) - Math.min(...late);
  ok(apartMs <= TOLERANCE_MS + stallMs, `${call}: ${late.map(Math.round)} ms late, the longest stall was one of ${stallMs} ms`);
}

const stepOf = (before: HeardRtp, after: HeardRtp): number => (after.sequence - before.sequence) & 0xffff;

/** How much later than by its timestamp a packet came. Whoever listens is busy now and then: the least of many is to be trusted. */
const lateness = (first: HeardRtp, { atMs, timestamp }: HeardRtp): number =>
  atMs - first.atMs - (((timestamp - first.timestamp) >>> 0) * FRAME_MS) / FRAME_TICKS;
