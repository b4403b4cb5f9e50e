export type { Address, Family } from './address.js';
export { familyOf, formatAddress, sameAddress } from './address.js';
export type { Brand, CallId, Millis, UdpPort } from './brand.js';
export { callId, millis, udpPort } from './brand.js';
export type { Result } from './result.js';
export { ok, refuse, unreachable } from './result.js';
