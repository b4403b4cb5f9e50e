import { createHash, timingSafeEqual } from 'node:crypto';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { type AllowList, allows, parseAllowList } from '../../relay/ng/allowList.js';
import type { ControlAccess } from '../../relay/settings/settings.js';

/** Who asks, and what it shows to prove it. */
export type NgClient = {
  /** Numeric address, as `plainHost` writes it. */
  readonly host: string;
  /** Whether its connection is encrypted: only then it can show a certificate. */
  readonly isSecure: boolean;
  readonly token: string | null;
  /** The common name of the certificate that it showed, if our authority has signed it. */
  readonly certificate: string | null;
};

/** `credentials`: it would get by with a token or certificate. */
export type Permission =
  | { readonly kind: 'permitted'; readonly identity: string | null }
  | { readonly kind: 'refused'; readonly why: 'address' | 'credentials' };

const digestOf = (token: string): Buffer => createHash('sha256').update(token, 'latin1').digest();

/** Settings of access, ready to be asked. */
class Rules {
  readonly #allow: AllowList;
  readonly #tokens: readonly { readonly name: string; readonly digest: Buffer }[];
  readonly #asksForCertificate: boolean;

  constructor(allow: AllowList, { tokens, tls }: ControlAccess) {
    this.#allow = allow;
    // Tokens of clients come as bytes.
    this.#tokens = tokens.map(({ name, token }) => ({ name, digest: digestOf(Buffer.from(token).toString('latin1')) }));
    this.#asksForCertificate = tls !== null && tls.clientCa !== null;
  }

  get asksForToken(): boolean {
    return this.#tokens.length > 0;
  }

  allows(host: string): boolean {
    return allows(this.#allow, host);
  }

  permit({ host, isSecure, token, certificate }: NgClient): Permission {
    if (!this.allows(host)) return { kind: 'refused', why: 'address' };
    if (isSecure && this.#asksForCertificate && certificate !== null) return { kind: 'permitted', identity: certificate };
    const name = token === null ? null : this.#nameOf(token);
    if (name !== null) return { kind: 'permitted', identity: name };
    const isOpen = !this.asksForToken && !(isSecure && this.#asksForCertificate);
    return isOpen ? { kind: 'permitted', identity: null } : { kind: 'refused', why: 'credentials' };
  }

  /** All are compared, and digests, so that the time it takes tells nothing about any of them. */
  #nameOf(token: string): string | null {
    const digest = digestOf(token);
    let found: string | null = null;
    for (const known of this.#tokens) if (timingSafeEqual(known.digest, digest)) found = known.name;
    return found;
  }
}

function readRules(access: ControlAccess): Result<Rules, string> {
  const allow = parseAllowList(access.allow);
  return allow.ok ? ok(new Rules(allow.value, access)) : refuse(`control: allow: ${allow.error}`);
}

/**
 * Decides who may give commands. Datagrams are judged by their address alone. Everything else shows a token where there are any, or, over TLS,
 * a certificate of our authority where there is one: either will do.
 */
export class AccessGate {
  #rules: Rules;
  readonly #listeners: (() => void)[] = [];

  private constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** Refuses with one line that names the setting. */
  static open(access: ControlAccess): Result<AccessGate, string> {
    const rules = readRules(access);
    return rules.ok ? ok(new AccessGate(rules.value)) : rules;
  }

  /** Whether `replace` would take these. */
  static check(access: ControlAccess): Result<void, string> {
    const rules = readRules(access);
    return rules.ok ? ok(undefined) : rules;
  }

  /** Whoever holds a connection is told, to ask again whether it may stay. If the settings cannot be read, the old ones hold on. */
  replace(access: ControlAccess): Result<void, string> {
    const rules = readRules(access);
    if (!rules.ok) return rules;
    this.#rules = rules.value;
    for (const listener of this.#listeners) listener();
    return ok(undefined);
  }

  onReplaced(listener: () => void): void {
    this.#listeners.push(listener);
  }

  get asksForToken(): boolean {
    return this.#rules.asksForToken;
  }

  allows(host: string): boolean {
    return this.#rules.allows(host);
  }

  permit(client: NgClient): Permission {
    return this.#rules.permit(client);
  }
}

/** The token of an `Authorization` header (RFC 6750 §2.1). Null: it shows none. */
export const bearerOf = (header: string | undefined): string | null => /^bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? null;
