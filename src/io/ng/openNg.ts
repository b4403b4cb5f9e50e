import { setTimeout as delay } from 'node:timers/promises';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { EventConnections } from '../../relay/callEvents/ports.js';
import { formatNgAddress, isEveryNgAddress, isSecureNg, type NgAddress } from '../../relay/ng/ngAddress.js';
import { MAX_DATAGRAM_BYTES } from '../../relay/ng/ngMessage.js';
import type { ControlAccess } from '../../relay/settings/settings.js';
import type { Listener, ListenPlace } from '../control/listener.js';
import { openingProblem } from '../control/openControl.js';
import { listenUdp } from '../control/udp.js';
import type { WildcardListener } from '../control/wildcard.js';
import { AccessGate } from './access.js';
import { PATIENCE_MS } from './connection.js';
import { NgConnections } from './connections.js';
import { NgExchange } from './exchange.js';
import { NgPages } from './http.js';
import { type HttpListener, listenNgHttp } from './httpServer.js';
import type { NgCounters, NgOptions } from './options.js';
import { resolveHost } from './place.js';
import { listenNgTcp, type NgWorld, type RestingListener } from './tcp.js';
import { readTls, type TlsMaterial } from './tls.js';
import { NgDatagrams } from './udp.js';
import { NgWebSockets } from './ws.js';

/** Open listeners of the NG protocol. */
export type NgListeners = Listener & {
  /**
   * Takes no more requests or connections. Those that are open stay until `close`: what was asked before is still answered, and events go out.
   * `close` gives clients a moment to read what was sent.
   */
  readonly rest: () => void;
  /** Why `setAccess` would leave everything as it was; nothing is changed. */
  readonly checkAccess: (access: ControlAccess) => Result<void, string>;
  /**
   * Other settings hold from now on, for connections that are open too: whoever may not any more is closed. Certificates are read again. Where
   * something cannot be read everything stays as it was, and the error is one line that names the setting.
   */
  readonly setAccess: (access: ControlAccess) => Result<void, string>;
  readonly connections: EventConnections;
  readonly counters: Readonly<NgCounters>;
};

/**
 * Opens NG sockets, all or none. Rejects with one line that names the socket, what is wrong with it, and the errno; or the setting that is wrong
 * or missing.
 */
export async function openNg(addresses: readonly NgAddress[], options: NgOptions): Promise<NgListeners> {
  const gate = AccessGate.open(options.access);
  if (!gate.ok) throw new Error(gate.error);
  const tls = tlsFor(addresses, options.access);
  if (!tls.ok) throw new Error(tls.error);
  const opening = new Opening(options, gate.value, tls.value);
  try {
    for (const address of addresses) await opening.listen(address);
    await opening.start();
  } catch (error) {
    await opening.close();
    throw error;
  }
  const setAccess = (access: ControlAccess): Result<void, string> => {
    const material = tlsFor(addresses, access);
    if (!material.ok) return material;
    const replaced = gate.value.replace(access);
    if (replaced.ok && material.value !== null) opening.replaceTls(material.value);
    return replaced;
  };
  const checkAccess = (access: ControlAccess): Result<void, string> => {
    const material = tlsFor(addresses, access);
    return material.ok ? AccessGate.check(access) : material;
  };
  const { connections, exchange } = opening.world;
  return {
    close: () => opening.close(),
    rest: () => opening.rest(),
    checkAccess,
    setAccess,
    connections,
    counters: exchange.counters,
  };
}

/** What the secure ones of the listeners need; null where there is none. */
function tlsFor(addresses: readonly NgAddress[], { tls }: ControlAccess): Result<TlsMaterial | null, string> {
  const secure = addresses.find(isSecureNg);
  if (secure === undefined) return ok(null);
  if (tls !== null) return readTls(tls);
  return refuse(`NG socket ${formatNgAddress(secure)}: it takes a certificate and a key: control: tls: in the settings file`);
}

/** So long clients may take to read what they were sent, and to close their side, when the listeners are closed. */
const LAST_WORDS_MS = 400;

const isResting = (listener: Listener | RestingListener): listener is RestingListener => 'rest' in listener;

class Opening {
  readonly world: NgWorld & { readonly connections: NgConnections };
  readonly #open: (Listener | RestingListener)[] = [];
  readonly #closed: Promise<void>[] = [];
  #isResting = false;
  readonly #secure: HttpListener[] = [];
  readonly #options: NgOptions;
  readonly #tls: TlsMaterial | null;
  readonly #pages: NgPages;
  readonly #webSockets: NgWebSockets;
  #wildcard: WildcardListener | null = null;

  constructor(options: NgOptions, gate: AccessGate, tls: TlsMaterial | null) {
    this.#options = options;
    this.#tls = tls;
    const { connections = new NgConnections() } = options;
    gate.onReplaced(() => connections.judgeAgain());
    this.world = { exchange: new NgExchange(options, gate), connections, patienceMs: options.patienceMs ?? PATIENCE_MS };
    this.#pages = new NgPages(this.world, options);
    this.#webSockets = new NgWebSockets(this.world, options.origins ?? []);
  }

  async listen(address: NgAddress): Promise<void> {
    const name = formatNgAddress(address);
    const fd = this.#options.inherited?.get(name);
    try {
      if (address.transport === 'udp') await this.#listenToUdp(address, name, fd);
      else await this.#listenToStreams(address, name, fd === undefined ? await placeOf(address) : { fd });
    } catch (error) {
      throw new Error(openingProblem('NG socket', name, error));
    }
  }

  /** Serves the sockets that are served together. */
  async start(): Promise<void> {
    await this.#wildcard?.start();
  }

  replaceTls(tls: TlsMaterial): void {
    for (const listener of this.#secure) listener.replaceTls(tls);
  }

  rest(): void {
    if (this.#isResting) return;
    this.#isResting = true;
    for (const listener of this.#open) this.#closed.push(isResting(listener) ? listener.rest() : listener.close());
    this.#pages.rest();
    this.world.connections.rest();
  }

  async close(): Promise<void> {
    this.rest();
    const isRead = new AbortController();
    const limit = delay(LAST_WORDS_MS, undefined, { signal: isRead.signal }).catch(() => {});
    await Promise.race([Promise.all([this.#pages.finish(), this.world.connections.finish()]), limit]);
    isRead.abort();
    this.world.connections.close();
    for (const listener of this.#open) if (isResting(listener)) this.#closed.push(listener.close());
    await Promise.all(this.#closed);
  }

  async #listenToStreams(address: NgAddress, name: string, place: ListenPlace): Promise<void> {
    if (address.transport === 'tcp') {
      this.#open.push(await listenNgTcp(place, name, this.world));
      return;
    }
    const isSecure = isSecureNg(address);
    const listener = await listenNgHttp(place, name, {
      tls: isSecure ? this.#tls : null,
      serve: this.#pages.of(name),
      webSockets: this.#webSockets,
      world: this.world,
    });
    this.#open.push(listener);
    if (isSecure) this.#secure.push(listener);
  }

  async #listenToUdp(address: NgAddress, name: string, fd: number | undefined): Promise<void> {
    const receiver = new NgDatagrams(this.world.exchange, name);
    const ipv6 = address.family === 'IPv6';
    const wildcard = fd !== undefined || isEveryNgAddress(address) ? await this.#openWildcard() : null;
    if (fd !== undefined && wildcard === null) throw new Error('a UDP socket cannot be taken over here');
    if (fd !== undefined) wildcard?.adopt(fd, ipv6, receiver);
    else if (wildcard !== null) wildcard.open(ipv6, address.port, receiver);
    else this.#open.push(await listenUdp(await resolveHost(address), address.port, ipv6, receiver, MAX_DATAGRAM_BYTES));
  }

  /** Null where there are no Linux system calls. */
  async #openWildcard(): Promise<WildcardListener | null> {
    if (process.platform !== 'linux' || this.#wildcard !== null) return this.#wildcard;
    const module = await import('../control/wildcard.js').catch(() => null);
    if (module === null) return null;
    this.#wildcard = new module.WildcardListener({ maxBytes: MAX_DATAGRAM_BYTES, onWarning: this.#options.onWarning });
    this.#open.push(this.#wildcard);
    return this.#wildcard;
  }
}

const placeOf = async (address: NgAddress): Promise<ListenPlace> => ({ host: await resolveHost(address), port: address.port });
