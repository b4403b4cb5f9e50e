import { type AttributeChanges, attributeChanges } from './attributes.js';
import { type CodecChoice, codecChoice } from './codecs.js';
import type { SdpPlan } from './sdp.js';

/** A plan, made ready once for all the lines of a description. */
export type Wishes = {
  readonly dropsIce: boolean;
  readonly dropsExtmap: boolean;
  readonly breaksBundles: boolean;
  readonly keepsZeroAddress: boolean;
  readonly mux: 'add' | 'add-only' | 'strip' | 'keep';
  readonly rtcpAttribute: SdpPlan['rtcpAttribute'];
  readonly ptimeMs: number | null;
  /** `RTP/AVP` or `RTP/AVPF`. */
  readonly profile: string | null;
  readonly codecs: CodecChoice | null;
  /** By kind in lower case; the session part is `none`. */
  readonly attributes: ReadonlyMap<string, AttributeChanges>;
  readonly removedKinds: ReadonlySet<string>;
};

export function wishesOf(plan: SdpPlan): Wishes {
  const profile = plan.transportProtocol?.toUpperCase() ?? '';
  return {
    dropsIce: plan.ice === 'remove',
    dropsExtmap: plan.stripExtmap,
    breaksBundles: plan.bundle.includes('reject'),
    keepsZeroAddress: !plan.replace.has('zero-address'),
    mux: muxOf(plan.rtcpMux),
    rtcpAttribute: plan.rtcpAttribute,
    ptimeMs: plan.ptimeMs,
    profile: isPlainProfile(profile) ? profile : null,
    codecs: codecChoice(plan),
    attributes: attributeChanges(plan.attributes),
    removedKinds: new Set(plan.removeKinds.map((kind) => kind.toLowerCase())),
  };
}

/** RTP without keys, with early feedback (RFC 4585) and without. */
export const isPlainProfile = (protocol: string): boolean => protocol === 'RTP/AVP' || protocol === 'RTP/AVPF';

function muxOf(words: SdpPlan['rtcpMux']): Wishes['mux'] {
  if (words.length === 0) return 'keep';
  if (words.includes('require')) return 'add-only';
  if (words.includes('offer')) return 'add';
  return words.includes('demux') || words.includes('reject') ? 'strip' : 'keep';
}
