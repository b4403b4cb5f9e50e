declare const brand: unique symbol;

/** A primitive that cannot be mistaken for another of the same shape. Made only by a parser or a clock. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Milliseconds since the Unix epoch, or a span of them. Whole or fractional. */
export type Millis = Brand<number, 'Millis'>;

/** The Call-ID a SIP proxy gave, possibly with a `;branch` or `-N` extension. Opaque. */
export type CallId = Brand<string, 'CallId'>;

/** 1…65535. */
export type UdpPort = Brand<number, 'UdpPort'>;

export const millis = (value: number): Millis => value as Millis;
export const callId = (value: string): CallId => value as CallId;
export const udpPort = (value: number): UdpPort => value as UdpPort;
