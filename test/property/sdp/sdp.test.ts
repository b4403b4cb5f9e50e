/** Whatever is described and whatever is planned. */
import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSdp } from '../../../src/protocol/sdp/parse.js';
import { rewriteSdp } from '../../../src/protocol/sdp/rewrite.js';
import { parsed, planFor, printed, relay } from '../../pure/sdp/sdpGiven.js';
import { runs } from '../runs.js';
import { descriptions, movable, plans } from './descriptions.js';

test('[NG-04] what is read is written byte for byte as it was', () => {
  const anyLines = fc.array(fc.string({ unit: fc.constantFrom(...'vmac=: 0\r\n/I') }), { maxLength: 8 });
  const texts = fc.oneof(
    descriptions,
    anyLines.map((lines) => `v=0\n${lines.join('\r\n')}m=audio 1 RTP/AVP 0\n${lines.join('\n')}`),
  );
  const property = fc.property(texts, (text) => {
    const result = parseSdp(text);
    if (result.ok) equal(printed(result.value), text);
  });
  fc.assert(property, { numRuns: runs(2000) });
});

/** A line by its type, and an attribute by its name. */
const kindOf = (text: string): string => (text.startsWith('a=') ? text.replace(/[: ].*/, '') : text.slice(0, 2));

test('[NG-04] a plan that only moves addresses keeps every line, their order and their ends, and touches no other line', () => {
  const property = fc.property(movable, (text) => {
    const sdp = parsed(text);
    const after = rewriteSdp(sdp, planFor(sdp, { media: sdp.media.map((_, i) => relay(i)) }));
    const [before, now] = [text.split('\n'), after.split('\n')];
    equal(now.length, before.length, after);
    for (const [i, line] of before.entries()) {
      equal(kindOf(now[i]!), kindOf(line));
      if (!/^(?:m=|c=|a=rtcp:)/.test(line)) equal(now[i], line);
    }
    for (const [i, { isRejected, isZeroAddress, formats, address }] of parsed(after).media.entries()) {
      const was = sdp.media[i]!;
      equal(isRejected, was.isRejected);
      equal(isZeroAddress, was.isRejected ? isZeroAddress : was.isZeroAddress, 'a hold stays one');
      equal(formats.join(), was.formats.join());
      ok(isRejected || isZeroAddress || address?.host === '203.0.113.5', `${address?.host} is not ours`);
    }
  });
  fc.assert(property, { numRuns: runs(1000) });
});

test('[NG-04] by any plan a description keeps its sections in order, and by the same plan it does not change again', () => {
  const property = fc.property(descriptions, plans, (text, plan) => {
    const sdp = parsed(text);
    const once = rewriteSdp(sdp, plan);
    const read = parsed(once);
    equal(read.media.map(({ kind }) => kind).join(), sdp.media.map(({ kind }) => kind).join());
    for (const [i, media] of read.media.entries()) {
      if (sdp.media[i]!.port === 0) equal(media.port, 0);
      else if ((plan.media[i]?.kind ?? 'keep') === 'keep') ok([0, sdp.media[i]!.port].includes(media.port));
      else ok(media.port === 0 || (media.port >= 30_000 && media.port % 10 === 0));
      ok(media.formats.length > 0);
    }
    equal(rewriteSdp(read, plan), once);
  });
  fc.assert(property, { numRuns: runs(3000) });
});
