/** A page without a browser: its elements with their attributes, and just as much of a document as the page's own script uses. */
import { createContext, Script } from 'node:vm';

type Listener = (event: Record<string, unknown>) => void;

export class FakeElement {
  readonly tagName: string;
  readonly attributes: Map<string, string>;
  readonly classes = new Set<string>();
  readonly classList = {
    toggle: (name: string, on: boolean): void => {
      if (on) this.classes.add(name);
      else this.classes.delete(name);
    },
  };
  textContent = '';
  value: string;
  hidden = false;
  scrollTop = 0;
  readonly clientHeight = 500;
  readonly clientWidth = 690;
  readonly offsetTop = 0;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(tagName: string, attributes: Map<string, string>) {
    this.tagName = tagName;
    this.attributes = attributes;
    this.value = attributes.get('value') ?? '';
  }

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  closest(selector: string): FakeElement | null {
    return this.attributes.has(selector.slice(1, -1)) ? this : null;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  fire(type: string, event: Record<string, unknown> = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}

const TAG = /<([a-zA-Z][\w-]*)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*\/?>/g;
const ATTRIBUTE = /([\w:-]+)(?:="([^"]*)")?/g;

/** What the browser would make of a page: its elements in order, its data and its scripts. */
export class FakePage {
  readonly elements: FakeElement[] = [];
  readonly document = new FakeElement('#document', new Map());
  /** The text of the script elements that are run, in order. */
  readonly scripts: readonly string[];

  constructor(html: string) {
    const scripts = [...html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)];
    this.scripts = scripts.filter(([, attributes]) => attributes === '').map(([, , text = '']) => text);
    const bare = html.replace(/(<script[^>]*>)[\s\S]*?<\/script>/g, '$1').replace(/<style>[\s\S]*?<\/style>/g, '');
    for (const [, tag = '', attributes = ''] of bare.matchAll(TAG)) {
      const named = [...attributes.matchAll(ATTRIBUTE)].map(([, name = '', value = '']) => [name, value] as const);
      const isSvg = ['g', 'path', 'svg', 'text', 'rect'].includes(tag);
      this.elements.push(new FakeElement(isSvg ? tag : tag.toUpperCase(), new Map(named)));
    }
    const data = scripts.find(([, attributes = '']) => attributes.includes('id="data"'));
    const holder = this.elements.find((element) => element.getAttribute('id') === 'data');
    if (holder !== undefined) holder.textContent = data?.[2] ?? '';
  }

  byId(id: string): FakeElement {
    const found = this.elements.find((element) => element.getAttribute('id') === id);
    if (found === undefined) throw new Error(`the page has no element ${id}`);
    return found;
  }

  with(attribute: string): FakeElement[] {
    return this.elements.filter((element) => element.attributes.has(attribute));
  }

  /** Runs its scripts. */
  open(): this {
    const document = {
      getElementById: (id: string) => this.elements.find((element) => element.getAttribute('id') === id) ?? null,
      querySelectorAll: (selector: string) => this.with(selector.slice(1, -1)),
      addEventListener: (type: string, listener: Listener) => this.document.addEventListener(type, listener),
    };
    for (const text of this.scripts) new Script(text).runInContext(createContext({ document }));
    return this;
  }

  /** A key, while nothing has the focus. */
  press(key: string): void {
    this.document.fire('keydown', { key, target: this.document, preventDefault: () => {} });
  }
}
