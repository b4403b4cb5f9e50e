/**
 * The two ends of a call, named after who offered. A leg belongs to a side: its socket receives that side's packets, and its remote
 * address is that side's.
 */
export type Side = 'caller' | 'callee';

export const SIDES: readonly Side[] = ['caller', 'callee'];

export const otherSide = (side: Side): Side => (side === 'caller' ? 'callee' : 'caller');

/** RTP on the even port, RTCP on the next odd one (RFC 3550 §11). */
export type Component = 'rtp' | 'rtcp';

export const COMPONENTS: readonly Component[] = ['rtp', 'rtcp'];
