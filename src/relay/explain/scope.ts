/** Who can send to an address. */
export type Scope = 'public' | 'private' | 'shared' | 'link-local' | 'unique-local' | 'loopback' | 'unspecified';

/** What is said of an address whose scope is not the whole network. */
export const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  public: 'public',
  private: 'private (RFC 1918)',
  shared: "of a carrier's inner network (RFC 6598)",
  'link-local': 'link-local (RFC 3927, RFC 4291)',
  'unique-local': 'unique local (RFC 4193), which is private',
  loopback: 'the loopback address of its own host',
  unspecified: 'no address at all (all zeros)',
};

/** Of a numeric host; null: it is none. */
export function scopeOf(host: string): Scope | null {
  if (!host.includes(':')) return scopeOfIpv4(host);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  if (mapped?.[1] !== undefined) return scopeOfIpv4(mapped[1]);
  if (/^[0:]+$/.test(host)) return 'unspecified';
  if (/^[0:]*:0*1$/.test(host)) return 'loopback';
  const first = Number.parseInt(host.split(':')[0] || '0', 16);
  if ((first & 0xffc0) === 0xfe80) return 'link-local';
  return (first & 0xfe00) === 0xfc00 ? 'unique-local' : 'public';
}

function scopeOfIpv4(host: string): Scope | null {
  const bytes = host.split('.').map(Number);
  const [a = 0, b = 0] = bytes;
  if (bytes.length !== 4 || !bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)) return null;
  if (bytes.every((byte) => byte === 0)) return 'unspecified';
  if (a === 127) return 'loopback';
  if (a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168)) return 'private';
  if (a === 100 && b >= 64 && b <= 127) return 'shared';
  return a === 169 && b === 254 ? 'link-local' : 'public';
}

/** Whether packets from anywhere may reach it. */
export const isWide = (scope: Scope | null): boolean => scope === 'public' || scope === null;
