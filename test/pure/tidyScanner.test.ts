import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importProblem, importsOf, ROOMS, roomOf } from '../tidy/floors.js';
import { functionsOf } from '../tidy/functions.js';
import { checkCommittable, emptyNameIn, isAllowedAtTop, SOURCE_RULES } from '../tidy/rules.js';
import { ScanError, scan } from '../tidy/scan.js';

const words = (source: string) => scan(source).tokens.flatMap(({ kind, text }) => (kind === 'word' ? [text] : []));
const spans = (source: string) =>
  functionsOf(scan(source).tokens).map(({ name, firstLine, lastLine }) => `${name} ${firstLine}-${lastLine}`);

/** What all source rules say about a source that stands at `path`, as `line message`. */
const complaints = (path: string, text: string) =>
  SOURCE_RULES.flatMap(({ check }) => check({ path, text, ...scan(text) })).map(({ line, message }) => `${line} ${message}`);

test('comments, strings and regular expressions are no code', () => {
  assert.deepEqual(words("a // b\n/* c\n d */ e 'f \\' g' + \"h\"; /i'[/]j/.k"), ['a', 'e', 'k']);
});

test('the code inside a template is code, the text around it is not', () => {
  assert.deepEqual(words(`x = \`a \${ b + \`c \${d} e\` } f $ {g} \${ {h: 1} }\` + i`), ['x', 'b', 'd', 'h', 'i']);
});

test('a slash divides after a value and begins a regular expression elsewhere', () => {
  assert.deepEqual(words("a / b; c[0]! / 2; // it's\nreturn /d'/; if (e) /f'/.test(g); h() / 3 / i; !/j'/.k"), [
    ...['a', 'b', 'c', 'return', 'if', 'e', 'test', 'g', 'h', 'i', 'k'],
  ]);
});

test('lines are counted through comments and templates', () => {
  const { tokens, comments } = scan(`/* 1\n2 */ \`3\n\${\n4}\` /* 4\n5 */ last`);
  assert.deepEqual([tokens.at(-1)?.line, comments.map(({ line }) => line)], [5, [1, 4]]);
});

test('an unpaired bracket or an open string is reported with its line', () => {
  const problem = (source: string) => {
    try {
      return scan(source);
    } catch (error) {
      return error instanceof ScanError ? `${error.line} ${error.message}` : error;
    }
  };
  assert.equal(problem('{\n(\n}'), '3 } closes the ( of line 2');
  assert.equal(problem('f(\n[1]'), '1 ( is never closed');
  assert.equal(problem(')'), '1 ) closes nothing');
  assert.equal(problem("\n'a"), '2 cannot read this string');
});

test('functions, methods, accessors and arrows are found with their lines', () => {
  assert.deepEqual(spans('export function f(\n  a: number,\n): void {\n  g(a);\n}'), ['f 1-5']);
  assert.deepEqual(
    spans('class A extends B(c) {\n  constructor(x: T) {\n  }\n  get y(): Z {\n    return 1;\n  }\n  #p<T>(q: T) {\n  }\n}'),
    [...['constructor 2-3', 'y 4-6', '#p 7-8']],
  );
  assert.deepEqual(spans('const f = async (a: string): Promise<Map<string, number>> => {\n};'), ['f 1-2']);
  assert.deepEqual(spans('const f = (x) =>\n  g(\n    x,\n  );\nlist.map((y) => y + 1);'), ['f 1-4', 'arrow function 5-5']);
  assert.deepEqual(spans('const f: (x: number) => string = (x) => {\n};').at(-1)?.split(' ')[1], '1-2');
});

test('return types with braces, conditions and function types do not hide the body', () => {
  assert.deepEqual(spans('function f(): { a: number } | undefined {\n}'), ['f 1-2']);
  assert.deepEqual(spans('function f<T>(x: T): T extends string ? { a: T } : T[] {\n}'), ['f 1-2']);
  assert.deepEqual(spans('function f(x: unknown): x is Foo.Bar {\n}'), ['f 1-2']);
  assert.equal(spans('function f(): (x: number) => string {\n\n}')[0], 'f 1-3');
});

test('heads of statements, calls and signatures are no functions', () => {
  assert.deepEqual(
    spans('if (a) {\n}\nfor await (const x of f(y)) {\n}\nswitch (z) { case g(a): {\n}\n}\ntry {\n} catch (e) {\n}'),
    [],
  );
  assert.deepEqual(spans('interface A { f(x: number): { y: 1 }; }\ndeclare function g(): void;\nh(x) ? i(y) : { z: 1 };'), []);
});

test('a nested function is measured apart from the one around it', () => {
  assert.deepEqual(spans('function f() {\n  const g = () => {\n  };\n  return g;\n}'), ['f 1-5', 'g 2-3']);
});

test('all ways to name a module are imports, a text after from() is not', () => {
  const source = `import 'a'; import b from 'c'; export * from "d";\nawait import('e'); let f: import('g').H; Array.from('i'); \`\${j} from \${k}\`;`;
  assert.deepEqual(
    importsOf(scan(source).tokens).map(({ target, line }) => `${target}${line}`),
    ['a1', 'c1', 'd1', 'e2', 'g2'],
  );
});

test('imports go down the floors', () => {
  assert.equal(importProblem('src/io/udp/epoll.ts', '../../relay/ports.js'), undefined);
  assert.equal(
    importProblem('src/relay/a.ts', '../io/clock.js'),
    'src/relay (floor 3) may not import src/io/clock, up the floors (to floor 4)',
  );
  assert.equal(
    importProblem('src/protocol/a.ts', '../../model/session/state.js'),
    'src/protocol (floor 1) may not import model/session/state',
  );
  assert.equal(importProblem('src/protocol/a.ts', '../../model/kernel/index.js'), undefined);
  assert.equal(importProblem('src/main.ts', './cli/serve.js'), undefined);
  assert.match(importProblem('src/cli/a.ts', '../../test/rig/relay.js') ?? '', /up the floors/);
  assert.match(importProblem('src/io/a.ts', '../../workers/messages.js') ?? '', /up the floors/);
});

test('the oracle in model/spec is for test and bench only', () => {
  for (const file of ['model/session/decide.ts', 'src/relay/a.ts', 'src/cli/a.ts']) {
    assert.match(
      importProblem(file, '../'.repeat(file.split('/').length - 1).concat('model/spec/oracle.js')) ?? '',
      /test and bench only/,
    );
  }
  assert.equal(importProblem('test/property/a.test.ts', '../../model/spec/oracle.js'), undefined);
  assert.equal(importProblem('model/spec/oracle.ts', '../session/state.js'), undefined);
});

test('each package is open to its rooms only', () => {
  const homes = {
    koffi: 'src/io/sys',
    msgpackr: 'src/io/log',
    piscina: 'src/io/threads',
    'rxjs/operators': 'src/relay',
    'node:net': 'src/io/udp',
  };
  for (const [target, home] of Object.entries(homes)) {
    assert.equal(importProblem(`${home}/a.ts`, target), undefined);
    assert.equal(importProblem('src/media/a.ts', target), `src/media (floor 2) may not use the package ${target}`);
  }
  assert.notEqual(importProblem('src/io/udp/a.ts', 'koffi'), undefined);
  assert.notEqual(importProblem('src/cli/a.ts', 'msgpackr'), undefined);
  assert.notEqual(importProblem('src/relay/a.ts', 'node:net'), undefined);
  assert.notEqual(importProblem('model/session/a.ts', 'rxjs'), undefined);
  assert.equal(importProblem('test/wire/a.test.ts', 'fast-check'), undefined);
});

test('every room is reached by a path of its own', () => {
  for (const room of ROOMS) assert.equal(roomOf(`${room.at}/x.ts`), room);
});

test('the clock and chance are banned below floor 4 and free above', () => {
  const source = "// Date.now()\nconst a = 'Math.random()' + Date.now() + new Date() + Math.random() + new Date(0);";
  assert.deepEqual(complaints('src/relay/a.ts', source), ['2 Date . now', '2 new Date ( )', '2 Math . random']);
  assert.deepEqual(complaints('src/io/clock.ts', source), []);
});

test('async, await and throw are banned in the packet path only', () => {
  const source = 'async function f() {\n  await g;\n  throw h; // throw\n}\nx.throw();';
  assert.deepEqual(complaints('src/media/path.ts', source), ['1 async', '2 await', '3 throw']);
  assert.deepEqual(complaints('src/io/a.ts', source), []);
});

test('a skipped test needs a reason and no test may be focused', () => {
  const source =
    "test.only('a');\ntest('b', { skip: true });\nt.skip();\nit.skip('c');\ntest('d', { skip: 'no peer' });\nt.skip(reason);";
  assert.deepEqual(complaints('test/wire/a.test.ts', source).sort(), [
    '1 test . only',
    '2 skip : true',
    '3 . skip ( )',
    '4 it . skip',
  ]);
});

test('long files, long functions, marks, any and silenced checks are found', () => {
  assert.deepEqual(complaints('src/io/a.ts', '\n'.repeat(400)), []);
  assert.deepEqual(complaints('src/io/a.ts', '\n'.repeat(401)), ['401 the file has 401 lines']);
  assert.deepEqual(complaints('src/io/a.ts', `function f() {${'\n'.repeat(69)}}`), []);
  assert.deepEqual(complaints('src/io/a.ts', `function f() {${'\n'.repeat(70)}}`), ['1 f has 71 lines']);
  assert.deepEqual(complaints('src/io/a.ts', `a;\n// TO${'DO'} b`), [`2 TO${'DO'}`]);
  // Written in parts, so that a search for such places does not find this test.
  const any = 'any';
  const ignore = 'ignore';
  const typed = `const a: ${any} = b as ${any};\nPromise.any(c); // as ${any} other`;
  assert.deepEqual(complaints('src/io/a.ts', typed), [`1 : ${any}`, `1 as ${any}`]);
  const silenced = `/*\n * @ts-${ignore} */ a; // biome-${ignore} lint`;
  assert.deepEqual(complaints('src/io/a.ts', silenced), [`2 @ts-${ignore}`, `2 biome-${ignore}`]);
});

test('download addresses and machine paths are found in any file', () => {
  const found = (text: string) => checkCommittable(text).map(({ line }) => line);
  assert.deepEqual(found(`{\n"resolved${'"'}: "x"\n}`), [2]);
  assert.deepEqual(found(`see https://${'registry'}.npmjs.org/koffi`), [1]);
  assert.deepEqual(found(`a\nfile:///${'work'}/main`), [2]);
  assert.deepEqual(found(`open('/${'root'}/x')`), [1]);
  assert.deepEqual(found(`../${'shared'}/design/house.md`), [1]);
  assert.deepEqual(found('https://www.rfc-editor.org/rfc/rfc3550 ./work ~/home registry.counter.add()'), []);
});

test('names that say nothing are found in files and folders', () => {
  assert.equal(emptyNameIn('src/relay/callManager.ts'), 'callManager.ts');
  assert.equal(emptyNameIn('src/helpers/a.ts'), 'helpers');
  assert.equal(emptyNameIn('test/rig/string_utils.test.ts'), 'string_utils.test.ts');
  assert.equal(emptyNameIn('src/relay/managerless/commonGround.ts'), undefined);
});

test('the top level is closed', () => {
  assert.deepEqual(['src/a.ts', '.ci/run', 'LICENSE'].map(isAllowedAtTop), [true, true, true]);
  assert.deepEqual(['docs/a.md', 'Makefile'].map(isAllowedAtTop), [false, false]);
});
