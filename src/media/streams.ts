/**
 * A shard numbers its sessions by slot, and each session has four streams, one a socket:
 *
 *     row = slot × 4 + leg × 2 + component        leg: 0 caller, 1 callee        component: 0 RTP, 1 RTCP
 *
 * All tables of the packet path are arrays indexed by row, so a packet finds everything of its stream without a lookup.
 */
export const ROWS_PER_SESSION = 4;

/** Rows of so many sessions, and of the slot where sockets wait to take the place of others. Behind them sockets rest between two calls. */
export const sessionRows = (slots: number): number => (slots + 1) * ROWS_PER_SESSION;

/** Leg 0 receives the caller's packets, leg 1 the callee's. */
export type LegIndex = 0 | 1;
/** 0 RTP, 1 RTCP. */
export type ComponentIndex = 0 | 1;

export const rowOf = (slot: number, leg: LegIndex, component: ComponentIndex): number => slot * 4 + leg * 2 + component;
export const slotOf = (row: number): number => row >> 2;
export const legOf = (row: number): LegIndex => ((row >> 1) & 1) as LegIndex;
export const componentOf = (row: number): ComponentIndex => (row & 1) as ComponentIndex;

/** The stream through which this stream's packets leave: the other leg, the same component. */
export const peerOf = (row: number): number => row ^ 2;
