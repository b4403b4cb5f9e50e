import assert from 'node:assert/strict';
import { encodeBencode } from '../../../src/protocol/ng/bencode.js';
import { readNg } from '../../../src/protocol/ng/readRequest.js';
import type { NgReading } from '../../../src/protocol/ng/request.js';
import type { NgDictionary } from '../../../src/protocol/ng/value.js';

export const SDP =
  'v=0\r\no=alice 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 16100 RTP/AVP 0 101\r\n' +
  'a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n';

/** An offer that lacks nothing. */
export const OFFER = { command: 'offer', 'call-id': 'c1', 'from-tag': 'a', sdp: 'v=0\r\n' };

export type ReadRequest = Extract<NgReading, { kind: 'request' }>;

/** The request of a payload that is one. */
export function requestOf(payload: string): ReadRequest {
  const reading = readNg(payload);
  assert.ok(reading.kind === 'request', JSON.stringify(reading));
  return reading;
}

/** Reads `OFFER` with these keys. */
export const offered = (keys: NgDictionary): ReadRequest => requestOf(encodeBencode({ ...OFFER, ...keys }));

/** Reads any dictionary. */
export const said = (keys: NgDictionary): ReadRequest => requestOf(encodeBencode(keys));

/** Why a payload is no request. */
export function errorOf(payload: string): string {
  const reading = readNg(payload);
  assert.ok(reading.kind === 'error', JSON.stringify(reading.kind));
  return reading.reason;
}
