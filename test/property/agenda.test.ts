import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Agenda, type Appointment } from '../../src/media/player/agenda.js';
import { runs } from './runs.js';

type Act = { readonly kind: 'put' | 'remove' | 'take'; readonly who: number; readonly atMs: number };

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('put', 'put', 'put', 'remove', 'take'),
    who: fc.nat(30),
    atMs: fc.nat(400).map((n) => n / 4),
  }),
  { maxLength: 300, size: 'max' },
);

test('whatever is entered, moved and struck off, the one that is due first is taken first', () => {
  const property = fc.property(acts, (all) => {
    const agenda = new Agenda<Appointment>();
    const people = Array.from({ length: 31 }, (): Appointment => ({ atMs: 0, place: -1 }));
    const times = new Map<Appointment, number>();
    for (const { kind, who, atMs } of all) {
      const one = people[who]!;
      if (kind === 'put') {
        agenda.put(one, atMs);
        times.set(one, atMs);
      } else if (kind === 'remove') {
        agenda.remove(one);
        times.delete(one);
      } else {
        const taken = agenda.takeDue(atMs);
        const next = Math.min(Number.POSITIVE_INFINITY, ...times.values());
        equal(taken === null ? null : taken.atMs, next <= atMs ? next : null);
        if (taken !== null) times.delete(taken);
      }
      equal(agenda.nextMs, Math.min(Number.POSITIVE_INFINITY, ...times.values()));
    }
    const left: number[] = [];
    for (let one = agenda.takeDue(1000); one !== null; one = agenda.takeDue(1000)) left.push(one.atMs);
    deepEqual(
      left,
      [...times.values()].sort((a, b) => a - b),
    );
    equal(
      people.every(({ place }) => place === -1),
      true,
    );
  });
  fc.assert(property, { numRuns: runs(300) });
});
