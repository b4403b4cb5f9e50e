/** Relays that record and play. */
import type { RecordingForm } from '../../model/session/recording.js';
import type { Setting } from '../../model/spec/referenceRelay.js';
import type { Prompt } from '../../src/media/player/prompt.js';
import type { PromptSource } from '../../src/relay/ports.js';
import { NOTIFYING, PureRelay, type Special } from './pureRelay.js';
import { TableRecorder } from './tableRecorder.js';

/** 100 ms of each codec that `hold` was made for: octets that nobody speaks in stories. */
const FRAMES: ReadonlyMap<number, Uint8Array> = new Map(
  (
    [
      [0, 800],
      [3, 165],
      [8, 800],
      [97, 100],
    ] as const
  ).map(([payloadType, bytes]) => [payloadType, new Uint8Array(bytes).fill(payloadType + 1)]),
);
/** What prompts are called, and which payload types there are of each. Of 97 nobody knows the frames: it says nothing, for ever. */
export const PROMPTS: Readonly<Record<string, readonly number[]>> = { hold: [0, 3, 8], quiet: [97], empty: [0] };

/** Answers at once. */
export const prompts: PromptSource = { find: (name, payloadTypes, found) => found(promptOf(name, payloadTypes)) };

export function promptOf(name: string, payloadTypes: readonly number[]): Prompt | null {
  const payloadType = payloadTypes.find((each) => PROMPTS[name]?.includes(each));
  if (payloadType === undefined) return null;
  return { payloadType, frames: name === 'empty' ? new Uint8Array(0) : FRAMES.get(payloadType)! };
}

/** Prompts that are there and say nothing, as histories want them. */
export const quietPrompts = (names: Setting['prompts']): PromptSource => ({
  find: (name, payloadTypes, found) => {
    const payloadType = payloadTypes.find((each) => names[name]?.includes(each));
    found(payloadType === undefined ? null : { payloadType, frames: new Uint8Array(100) });
  },
});

/** It dies with the process it is a part of, but not with a media thread. */
const recordedBy = (recorder: TableRecorder): Pick<Special, 'recorder' | 'onDeath'> => ({
  recorder: recorder.portOf(0),
  onDeath: (cause) => {
    if (cause === 'process') recorder.forget();
  },
});

export type Sounding = { readonly relay: PureRelay; readonly recorder: TableRecorder };

export type SoundingOptions = {
  readonly form?: RecordingForm;
  /** Every session is recorded. */
  readonly all?: boolean;
  readonly rtcp?: boolean;
  /** Silence of either side ends a session. */
  readonly independentTtl?: boolean;
};

/** A relay that notifies, records and plays, and the recorder that it has. */
export function sounding(setting: Setting, options: SoundingOptions = {}): Sounding {
  const { form = 'ad-hoc', all = false, rtcp = true, independentTtl = false } = options;
  const recorder = new TableRecorder();
  const special: Special = {
    ...NOTIFYING,
    prompts,
    ...recordedBy(recorder),
    setting: { ...NOTIFYING.setting, recording: { form, all } },
    options: { recordRtcp: rtcp, independentTtl },
    routeTo: (host) => (host.includes(':') ? '::1' : setting.host),
  };
  return { relay: new PureRelay(setting, 1, special), recorder };
}

/** A relay that records and plays what the oracle is told that it does. */
export function soundingAs(setting: Setting, seed: number): Sounding {
  const recorder = new TableRecorder();
  const { prompts: names, recording } = setting;
  const control = { recording: recording === null ? null : { form: recording, all: false } };
  const special = { prompts: quietPrompts(names), setting: control, ...recordedBy(recorder) };
  return { relay: new PureRelay(setting, seed, special), recorder };
}
