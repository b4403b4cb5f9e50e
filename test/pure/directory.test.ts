import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directory, type Tagged } from '../../src/relay/session/directory.js';

/** A directory of the call `c` with sessions of these tags, in the order of their making. */
function directoryOf(...tags: readonly string[]): Directory<Tagged> {
  const directory = new Directory<Tagged>();
  for (const tag of tags) directory.add({ call: 'c', tag });
  return directory;
}

/** What U, L and Q find: `tag direction`, or null. */
function find(directory: Directory<Tagged>, from: string, to: string | null = null): string | null {
  const found = directory.find('c', { from, to });
  return found === null ? null : `${found.session.tag} ${found.direction}`;
}

/** What D finds. */
const findEach = (directory: Directory<Tagged>, from: string, to: string | null = null): string[] =>
  directory.findEach('c', { from, to }).map(({ session, direction }) => `${session.tag} ${direction}`);

test('the From tag that made the session finds it forward, as a To tag it finds it in reverse', () => {
  const directory = directoryOf('f');
  assert.equal(find(directory, 'f'), 'f forward');
  assert.equal(find(directory, 'f', 't'), 'f forward');
  assert.equal(find(directory, 't', 'f'), 'f reverse');
  assert.equal(find(directory, 't'), null);
  assert.equal(find(directory, 't', 'u'), null);
  assert.equal(directory.find('other', { from: 'f', to: null }), null);
});

test('the To tag is never stored: any will do beside the right From tag, and none too', () => {
  for (const to of [null, '', 't', 'something else;9']) assert.equal(find(directoryOf('f;1'), 'f;1', to), 'f;1 forward');
});

test('`L call f t` finds nothing in a call of `f;1` and `f;2`', () => {
  assert.equal(find(directoryOf('f;1', 'f;2'), 'f', 't'), null);
});

test('`L call t;2 f`, and also `L call t f;2`, find `f;2` in reverse', () => {
  const directory = directoryOf('f;1', 'f;2');
  assert.equal(find(directory, 't;2', 'f'), 'f;2 reverse');
  assert.equal(find(directory, 't', 'f;2'), 'f;2 reverse');
  assert.equal(find(directory, 't;2', 'f;2'), 'f;2 reverse');
  assert.equal(find(directory, 't;3', 'f'), null);
  assert.equal(find(directory, 't', 'f'), null);
});

test('the media number is what stands behind the last semicolon', () => {
  assert.equal(find(directoryOf('f;x;2'), 't;2', 'f;x'), 'f;x;2 reverse');
  assert.equal(find(directoryOf('f;x;2'), 't;x;2', 'f'), 'f;x;2 reverse');
});

test('a given tag may be shorter than the stored one, never longer, and never a mere beginning of it', () => {
  assert.deepEqual(findEach(directoryOf('f'), 'f;1'), []);
  assert.deepEqual(findEach(directoryOf('foo;1'), 'f'), []);
  assert.equal(find(directoryOf('foo;1'), 't;1', 'f'), null);
});

test('of several sessions the oldest that matches is found, forward or reverse', () => {
  assert.equal(find(directoryOf('t', 'f'), 'f', 't'), 't reverse');
  assert.equal(find(directoryOf('f', 't'), 'f', 't'), 'f forward');
  assert.equal(find(directoryOf('f;1', 'f;2', 'f'), 'f', 't'), 'f forward');
});

test('D without media number means all media, from either side', () => {
  const directory = directoryOf('f;1', 'f;2', 'g;1');
  assert.deepEqual(findEach(directory, 'f'), ['f;1 forward', 'f;2 forward']);
  assert.deepEqual(findEach(directory, 'f', 't'), ['f;1 forward', 'f;2 forward']);
  assert.deepEqual(findEach(directory, 't', 'f'), ['f;1 reverse', 'f;2 reverse']);
});

test('D with a media number means one, and after an exact match the search ends', () => {
  assert.deepEqual(findEach(directoryOf('f;1', 'f;2'), 'f;2', 't;2'), ['f;2 forward']);
  assert.deepEqual(findEach(directoryOf('f;1', 'f;2'), 't;2', 'f;2'), ['f;2 reverse']);
  assert.deepEqual(findEach(directoryOf('f', 'f;1'), 'f'), ['f forward']);
  assert.deepEqual(findEach(directoryOf('f;1', 'f'), 'f'), ['f;1 forward', 'f forward']);
  assert.deepEqual(findEach(directoryOf('t', 'f'), 'f', 't'), ['t reverse']);
});

test('D looks at both tags of each session: the From tag first', () => {
  assert.deepEqual(findEach(directoryOf('f;1', 't;1'), 'f', 't'), ['f;1 forward', 't;1 reverse']);
  assert.deepEqual(findEach(directoryOf('f;1'), 'f', 'f;1'), ['f;1 forward']);
});

test('what is removed is not found any more, and others are', () => {
  const directory = directoryOf('f;1', 'f;2');
  const { session } = directory.find('c', { from: 'f;1', to: null })!;
  directory.remove(session);
  directory.remove(session);
  assert.equal(find(directory, 'f;1'), null);
  assert.equal(find(directory, 'f;2'), 'f;2 forward');
  assert.deepEqual(
    [...directory.all()].map(({ tag }) => tag),
    ['f;2'],
  );
  directory.remove([...directory.all()][0]!);
  assert.deepEqual([...directory.all()], []);
  directory.remove({ call: 'never seen', tag: 'x' });
});

test('calls are apart: a branch of a Call-ID is another', () => {
  const directory = directoryOf('f');
  directory.add({ call: 'c;z9hG4bK1', tag: 'f' });
  directory.remove(directory.find('c;z9hG4bK1', { from: 'f', to: null })!.session);
  assert.equal(find(directory, 'f'), 'f forward');
  assert.equal(directory.find('c;z9hG4bK1', { from: 'f', to: null }), null);
});
