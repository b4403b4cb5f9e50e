const NAMES = new Set(['candidate', 'end-of-candidates', 'remote-candidates', 'ice2']);

/** Attributes of ICE (RFC 8839 §5, RFC 8840 §4): without them a peer uses the addresses of `c=` and `m=`. */
export function dropsForIce(value: string): boolean {
  const first = value[0];
  if (first !== 'c' && first !== 'i' && first !== 'e' && first !== 'r') return false;
  if (value.startsWith('ice-')) return true;
  const colon = value.indexOf(':');
  return NAMES.has(colon < 0 ? value : value.slice(0, colon));
}
