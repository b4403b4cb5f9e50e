/** Whatever a receiver and a mailbox do: everything is handed on in order, once, or told as missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Letter, type Mailbox, type Parcel, Reader } from '../../src/relay/callEvents/mailbox.js';
import { Mailboxes } from '../../src/relay/callEvents/office.js';
import { eventOf, ownerOf, SETTINGS, START_MS } from '../rig/callEvents.js';

const WAYS = ['http://a/', 'http://b/'];

type Act = 'put a' | 'put b' | 'put both' | 'drop' | 'begin' | 'arrive' | 'fail';
const ACTS: readonly Act[] = ['put a', 'put b', 'put both', 'drop', 'begin', 'arrive', 'fail'];
const WAYS_OF: Partial<Record<Act, readonly string[]>> = { 'put a': [WAYS[0]!], 'put b': [WAYS[1]!], 'put both': WAYS };

/** How many are missing, of a parcel that says so. */
const lostIn = ({ json }: Parcel): number => Number((JSON.parse(json) as { lost?: number }).lost ?? 0);

function play(acts: readonly Act[]): void {
  const mailboxes = new Mailboxes(START_MS, SETTINGS, { events: 5 });
  const mailbox = mailboxes.of('kam1', 0)!;
  const reader = new Reader(mailbox, ({ ways }: Letter) => ways.includes(WAYS[0]!), 0);
  const [wanted, arrived]: [number[], number[]] = [[], []];
  let lost = 0;
  let inHand: Parcel | undefined;
  const settle = (parcel: Parcel): void => {
    reader.settle(parcel);
    if (parcel.letter === null) lost += lostIn(parcel);
    else arrived.push(parcel.seq);
  };
  for (const act of acts) {
    const ways = WAYS_OF[act];
    if (ways !== undefined) {
      const { letter } = mailboxes.take(eventOf(ownerOf('kam1', ways)), START_MS)!;
      if (ways.includes(WAYS[0]!)) wanted.push(letter.seq);
    } else if (act === 'drop') mailboxes.expire(START_MS + (mailbox.size > 0 ? SETTINGS.keepMs : 0));
    else if (act === 'begin' && inHand === undefined) {
      inHand = reader.peek();
      if (inHand !== undefined) reader.take();
    } else if (act !== 'begin' && inHand !== undefined) {
      if (act === 'arrive') settle(inHand);
      else reader.fail();
      inHand = undefined;
    }
    assert.equal(reader.waiting(), wanted.length - arrived.length - lost, 'what waits is known');
  }
  if (inHand !== undefined) settle(inHand);
  for (let parcel = reader.peek(); parcel !== undefined; parcel = reader.peek()) settle(parcel);
  assert.deepEqual(
    arrived,
    [...new Set(arrived)].sort((a, b) => a - b),
    'in order, and once',
  );
  assert.ok(arrived.every((seq) => wanted.includes(seq)));
  assert.equal(arrived.length + lost, wanted.length, 'and what did not arrive was told');
  assert.equal(reader.waiting(), 0);
}

test('[NG-17] a receiver gets every event that is for it, in order and once, or is told how many are missing', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...ACTS), { maxLength: 60 }), (acts) => play(acts)),
    { numRuns: 500 },
  );
});

const seqsOf = (mailbox: Mailbox): number[] => {
  const seqs: number[] = [];
  for (let letter = mailbox.after(0); letter !== undefined; letter = mailbox.after(letter.seq)) seqs.push(letter.seq);
  return seqs;
};

test('whoever keeps too much loses the oldest: of one controller by number and size, of all by whom most is kept for', () => {
  const mailboxes = new Mailboxes(START_MS, SETTINGS, { events: 3, bytes: 20_000, allBytes: 9_000 });
  const put = (controller: string, tag = 'f') =>
    mailboxes.take(eventOf(ownerOf(controller), 'call-end', { fromTag: tag }), START_MS)!.mailbox;
  for (let i = 0; i < 5; i++) put('many');
  assert.deepEqual(seqsOf(put('many')), [4, 5, 6]);
  const big = 'x'.repeat(3_000);
  put('big', big);
  put('big', big);
  assert.ok(mailboxes.bytes <= 9_000, `${mailboxes.bytes}`);
  assert.deepEqual(seqsOf(mailboxes.find('big')!), [2]);
  assert.deepEqual(seqsOf(mailboxes.find('many')!), [4, 5, 6].slice(-seqsOf(mailboxes.find('many')!).length));
  for (let i = 0; i < 5_000; i++) put('many');
  assert.deepEqual(seqsOf(mailboxes.find('many')!).slice(-1), [5_006]);
  mailboxes.expire(START_MS + SETTINGS.keepMs);
  assert.equal(mailboxes.bytes, 0);
});

test('controllers beyond the limit are refused, unless one is there for whom nothing is kept', () => {
  const mailboxes = new Mailboxes(START_MS, SETTINGS, { controllers: 2 });
  const put = (controller: string, at = START_MS) => mailboxes.take(eventOf(ownerOf(controller)), at);
  assert.ok(put('a') && put('b'));
  assert.equal(put('c'), null);
  const reader = new Reader(mailboxes.find('a')!, () => true, 0);
  mailboxes.expire(START_MS + SETTINGS.keepMs);
  assert.equal(put('c')?.letter.seq, 1);
  assert.equal(mailboxes.find('b'), undefined);
  assert.notEqual(mailboxes.find('a'), undefined, 'somebody reads there');
  reader.leave();
});
