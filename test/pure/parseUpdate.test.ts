import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { UpdateCommand } from '../../src/protocol/rtpproxy/command.js';
import { parseCommand } from '../../src/protocol/rtpproxy/parse.js';
import { runs } from '../property/runs.js';

/** `U` or `L` with these modifiers, address and port. */
const commandOf = (letters: string, host = '192.0.2.1', port = '4000'): string => `${letters} c ${host} ${port} f t`;

function parsed(text: string): UpdateCommand {
  const result = parseCommand(text);
  assert.ok(result.ok, `${text} got ${result.ok ? '' : result.error}`);
  assert.ok(result.value.verb === 'update' || result.value.verb === 'lookup');
  return result.value;
}

function error(text: string): string {
  const result = parseCommand(text);
  return result.ok ? JSON.stringify(result.value) : result.error;
}

test('the modifiers that are known are read in any order and either case', () => {
  const all = { weak: true, asymmetric: true, codecs: [0, 8, 101] };
  for (const letters of ['awc0,8,101', 'Wc0,8,101A', 'C0,8,101aW', 'wac0,8,101']) {
    for (const verb of ['U', 'L', 'u', 'l']) {
      const { weak, asymmetric, codecs } = parsed(commandOf(verb + letters));
      assert.deepEqual({ weak, asymmetric, codecs }, all, verb + letters);
    }
  }
  assert.equal(parsed(commandOf('U')).asymmetric, null);
  assert.equal(parsed(commandOf('Us')).asymmetric, false);
  assert.equal(parsed(commandOf('UaS')).asymmetric, false, 'the last one counts');
});

test('E14: a codec list that is empty or comes twice; stray commas are let pass', () => {
  for (const letters of ['Uc', 'Ucw', 'Lc', 'Uc0c8', 'Uc0wc']) assert.equal(error(commandOf(letters)), 'E14', letters);
  assert.deepEqual(parsed(commandOf('Uc,0,,8,')).codecs, [0, 8]);
});

test('[CW-27] E35: modifiers that are not known, wherever they stand', () => {
  for (const letter of 'bdfghjkmnopqrtuvxyz0123459+-,;') assert.equal(error(commandOf(`U${letter}`)), 'E35', letter);
  for (const letters of ['Uay', 'Lc0,8y', 'Uc0\xda\x0bV', 'U.']) assert.equal(error(commandOf(letters)), 'E35', letters);
});

test('E11, E12 and E36: networks and a family that are not configured', () => {
  assert.equal(error(commandOf('UE')), 'E11');
  assert.equal(error(commandOf('UI')), 'E12');
  assert.equal(error(commandOf('UIE')), 'E12', 'the first of them answers');
  assert.equal(error(commandOf('U6', '2001:db8::10')), 'E36');
  assert.equal(error(commandOf('U66c0', '2001:db8::10')), 'E36');
});

test('[CW-25] E36 also where the family letter and the address disagree', () => {
  assert.equal(error(commandOf('U6', '127.0.0.1')), 'E36');
});

test('E37: what has the length of an address must be one, and its port a number', () => {
  for (const host of ['localhost', '192.0.2.256', '1.2.3.4.5', '1.2.3.04', 'a.b.c.d', '2001:db8::1'])
    assert.equal(error(commandOf('U', host)), 'E37', host);
  for (const port of ['x', '-1', '+1', '4000x', '0x10', '1.5'])
    assert.equal(error(commandOf('U', '192.0.2.1', port)), 'E37', port);
});

test('what has another length is no address, and no error, whatever the port says', () => {
  for (const host of ['-', '::', '1.2.3.', '::1', 'a-name-that-is-much-too-long.example.org']) {
    assert.equal(host.length < 7 || host.length > 15, true);
    assert.equal(parsed(commandOf('U', host, 'nonsense')).remote, null);
  }
});

test('all zeros mean hold, and port 0 means that nothing is sent there', () => {
  const { remote, held } = parsed(commandOf('U', '0.0.0.0'));
  assert.deepEqual([remote, held], [null, true]);
  const off = parsed(commandOf('U', '192.0.2.1', '0'));
  assert.deepEqual([off.remote, off.held], [null, false]);
});

test('a port beyond 65535 wraps, as in the original', () => {
  assert.deepEqual(parsed(commandOf('U', '192.0.2.1', '99999')).remote, { host: '192.0.2.1', port: 99_999 - 65_536 });
  assert.deepEqual(parsed(commandOf('U', '192.0.2.1', '65535')).remote, { host: '192.0.2.1', port: 65_535 });
});

test('six tokens have a To tag; seven have none, but a notification, which nobody may have yet: E75', () => {
  assert.deepEqual(parsed('U c 192.0.2.1 4000 f').tags, { from: 'f', to: null });
  assert.deepEqual(parsed('U c 192.0.2.1 4000 f t').tags, { from: 'f', to: 't' });
  for (const text of ['U c 192.0.2.1 4000 f tcp:127.0.0.1:9 tag', 'U c 192.0.2.1 4000 f t /tmp/x.sock r%201'])
    assert.equal(error(text), 'E75', text);
  assert.equal(error('L c 192.0.2.1 4000 f t sock tag'), 'E1');
});

test('E10: a notification tag that is not URL-encoded', () => {
  for (const tag of ['%', '%2', 'a%zz', '%2g', 'x%']) {
    assert.equal(error(`U c 192.0.2.1 4000 f sock ${tag}`), 'E10', tag);
    assert.equal(error(`U c 192.0.2.1 4000 f t sock ${tag}`), 'E10', tag);
  }
  assert.equal(error('U c 192.0.2.1 4000 f sock%zz tag'), 'E75', 'the socket is not decoded');
});

test('any valid address is what the command carries, with its port', () => {
  const property = fc.property(fc.ipV4(), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
    fc.pre(host !== '0.0.0.0');
    assert.deepEqual(parsed(commandOf('U', host, String(port))).remote, { host, port });
  });
  fc.assert(property, { numRuns: runs(200) });
});
