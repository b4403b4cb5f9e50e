import type { PortName } from './referenceRelay.js';

/** What the oracle is told of how the relay plays and records. */
export type SoundSetting = {
  /** Prompts, and for which payload types there is a file of each. None of them may say anything: what is played keeps a session alive. */
  readonly prompts: Readonly<Record<string, readonly number[]>>;
  /** Null: nothing can be recorded. Single recordings are there in pcap only. */
  readonly recording: 'ad-hoc' | 'pcap' | null;
};

/** What is done with the packets of whoever stands at one end of a session, and what he can hear. */
export type Sound = {
  /** The payload types that he named last. */
  codecs: readonly string[];
  /** By which names he is recorded; empty: by that of the call. */
  readonly names: Set<string>;
  /** Where his packets are sent as well → from which pair. */
  readonly copies: Map<string, PortName>;
};

/** Both ends of a session, and the one that a command names first. */
export type Ends = { readonly named: Sound; readonly other: Sound };

type Sounding = {
  readonly session: { readonly streams: readonly [{ readonly sound: Sound }, { readonly sound: Sound }] };
  readonly index: 0 | 1;
};

/** `index`: of the stream that a command names first. */
export const endsOf = ({ session: { streams }, index }: Sounding): Ends => ({
  named: streams[index].sound,
  other: streams[index === 0 ? 1 : 0].sound,
});

export const soundsOf = ({ session: { streams } }: Sounding): readonly Sound[] => streams.map(({ sound }) => sound);

export const newSound = (): Sound => ({ codecs: [], names: new Set(), copies: new Map() });

/** E17: no number of times. Null: it is one. */
export const playProblem = (modifiers: string): string | null => (/^([+-]?\d+)?$/.test(modifiers) ? null : 'E17');

/** P, for a session that is there. The first payload type counts of which there is a file; a list with anything else than numbers is none. */
export function play({ named }: Ends, modifiers: string, prompt: string, list: string, { prompts }: SoundSetting): string {
  if (modifiers !== '' && Number(modifiers) === 0) return '0';
  if (list === 'session' && named.codecs.length === 0) return 'E35';
  const codecs = list === 'session' ? named.codecs : list.split(',');
  const files = prompts[prompt] ?? [];
  return codecs.every((codec) => /^\d+$/.test(codec)) && codecs.some((codec) => files.includes(Number(codec))) ? '0' : 'E60';
}

/** E6 and E7: letters that R, C and N do not know. Null: they know them all. */
export function recordProblem(verb: 'R' | 'C' | 'N', modifiers: string): string | null {
  if (verb === 'N') return /^a?$/.test(modifiers) ? null : modifiers.startsWith('a') ? 'E6' : 'E7';
  const wrong = [...modifiers].find((letter) => letter !== 's' && !(verb === 'C' && letter === 'p'));
  return wrong === undefined ? null : wrong === 'p' ? 'E6' : 'E7';
}

/** Records some ends under a name. False: all streams were to be in one file, and one of them has its own already. */
export function record(ends: readonly Sound[], name: string, isSingle: boolean): boolean {
  if (isSingle && ends.some(({ names }) => names.has(name))) return false;
  for (const { names } of ends) names.add(name);
  return true;
}

/** Whether C means another host, and if so whether there can be one. */
export function targetOf(text: string): 'host' | 'no host' | 'file' {
  if (!text.startsWith('udp:')) return 'file';
  const parts = /^udp:(\d+)\.(\d+)\.(\d+)\.(\d+):(\d+)$/.exec(text)?.slice(1).map(Number);
  const isThere = parts?.every((part, i) => (i < 4 ? part < 256 : part > 0 && part < 65_536));
  return isThere === true ? 'host' : 'no host';
}

/** N, of a session that is there. False: nothing of it was recorded or copied. */
export function stop(ends: readonly Sound[]): boolean {
  const isDone = ends.some(({ names, copies }) => names.size > 0 || copies.size > 0);
  for (const { names, copies } of ends) {
    names.clear();
    copies.clear();
  }
  return isDone;
}
