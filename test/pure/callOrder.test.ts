/** Commands of one call keep their order though something has to be found out before some of them; calls do not wait for each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CallOrder } from '../../src/relay/supervisor/callOrder.js';
import { runs } from '../property/runs.js';

type Found = (value: string) => void;

/** What was carried out, in order, and what is still being found out. */
class Scene {
  readonly done: string[] = [];
  readonly asked: { readonly name: string; readonly found: Found }[] = [];
  readonly #order = new CallOrder();

  /** `prepare`: something has to be found out before; `atOnce`: it is there already. */
  take(call: string, name: string, prepare: 'nothing' | 'later' | 'at once'): void {
    const search = (found: Found): void => {
      if (prepare === 'at once') found(`found for ${name}`);
      else this.asked.push({ name, found });
    };
    this.#order.take(call, prepare === 'nothing' ? null : search, 'nothing', (value) => this.done.push(`${name}: ${value}`));
  }

  /** The search of a command ends. */
  find(name: string): void {
    const at = this.asked.findIndex((each) => each.name === name);
    const [search] = this.asked.splice(at, 1);
    assert.ok(at >= 0 && search !== undefined, `nothing is sought for ${name}`);
    search.found(`found for ${name}`);
  }
}

test('what needs nothing is carried out at once, and so is what is found at once', () => {
  const scene = new Scene();
  scene.take('c', 'U', 'nothing');
  scene.take('c', 'P', 'at once');
  scene.take('c', 'S', 'nothing');
  assert.deepEqual(scene.done, ['U: nothing', 'P: found for P', 'S: nothing']);
});

test('S behind P waits until the prompt of P is read, and stops it', () => {
  const scene = new Scene();
  scene.take('c', 'P', 'later');
  scene.take('c', 'S', 'nothing');
  assert.deepEqual(scene.done, []);
  scene.find('P');
  assert.deepEqual(scene.done, ['P: found for P', 'S: nothing']);
});

test('another call does not wait', () => {
  const scene = new Scene();
  scene.take('c', 'P', 'later');
  scene.take('d', 'U', 'nothing');
  scene.take('d', 'P of d', 'later');
  assert.deepEqual(scene.done, ['U: nothing']);
  scene.find('P of d');
  scene.find('P');
  assert.deepEqual(scene.done, ['U: nothing', 'P of d: found for P of d', 'P: found for P']);
});

test('what waited may hold up what waited behind it, whose search begins no earlier', () => {
  const scene = new Scene();
  for (const name of ['P1', 'P2', 'P3']) scene.take('c', name, 'later');
  scene.take('c', 'S', 'nothing');
  for (const name of ['P1', 'P2', 'P3']) {
    assert.deepEqual(
      scene.asked.map((each) => each.name),
      [name],
    );
    scene.find(name);
  }
  assert.deepEqual(scene.done, ['P1: found for P1', 'P2: found for P2', 'P3: found for P3', 'S: nothing']);
});

test('a command may bring another one while it is carried out, and nothing holds the call up behind them', () => {
  const order = new CallOrder();
  const done: string[] = [];
  let found: Found = () => {};
  const search = (answer: Found): void => {
    found = answer;
  };
  order.take('c', search, '', () => {
    order.take('c', null, '', () => done.push('from within'));
    done.push('P');
  });
  order.take('c', null, '', () => done.push('S'));
  found('');
  order.take('c', null, '', () => done.push('last'));
  assert.deepEqual(done, ['from within', 'P', 'S', 'last']);
});

const steps = fc.array(
  fc.oneof(
    fc.record({
      call: fc.constantFrom('c', 'd'),
      prepare: fc.constantFrom('nothing' as const, 'later' as const, 'at once' as const),
    }),
    fc.record({ which: fc.nat(5) }),
  ),
  { maxLength: 40, size: 'max' },
);

test('whatever is found when, each command is carried out once, with what was found for it, in the order of its call', () => {
  const property = fc.property(steps, (all) => {
    const scene = new Scene();
    const given: { readonly call: string; readonly name: string; readonly wanted: string }[] = [];
    for (const [i, step] of all.entries()) {
      if ('which' in step) {
        const search = scene.asked[step.which % Math.max(1, scene.asked.length)];
        if (search !== undefined) scene.find(search.name);
        continue;
      }
      const name = `${step.call}${i}`;
      given.push({ call: step.call, name, wanted: `${name}: ${step.prepare === 'nothing' ? 'nothing' : `found for ${name}`}` });
      scene.take(step.call, name, step.prepare);
      assert.ok(scene.asked.filter((each) => each.name.startsWith(step.call)).length <= 1, 'one search a call');
    }
    for (let search = scene.asked[0]; search !== undefined; search = scene.asked[0]) scene.find(search.name);
    for (const call of ['c', 'd']) {
      assert.deepEqual(
        scene.done.filter((text) => text.startsWith(call)),
        given.filter((each) => each.call === call).map(({ wanted }) => wanted),
      );
    }
  });
  fc.assert(property, { numRuns: runs(300) });
});
