/** What coding alone takes from a rating, and how well it stands loss: Ie and Bpl of the E-model (ITU-T G.107 §7.5). */
export type Impairment = {
  /** 0 (as the G.711 of a telephone line) to 95. */
  readonly ie: number;
  /** Percent of loss: the more, the better losses are concealed. */
  readonly bpl: number;
};

/** G.711 whose receiver conceals losses (Appendix I of it), as nearly all do by now; without, Bpl would be 4.3. */
const G711: Impairment = { ie: 0, bpl: 25.1 };

/**
 * From ITU-T G.113 Appendix I: G.711 with concealment, G.723.1 at 6.3 kbit/s, G.726 at 32 kbit/s, G.728, G.729A, GSM full rate and
 * enhanced full rate (which AMR is at its best rate). Where it gives Ie without Bpl, that of the nearest relative in it stands here:
 * G.729A for G.728 and GSM full rate, G.711 for the ADPCMs.
 *
 * Not from there, and approximate: iLBC and Speex, after comparisons that put them beside G.729; and all wide-band codecs (G.722, Opus, …),
 * which sound better than a narrow-band scale can say and are rated like G.711.
 */
const IMPAIRMENTS: ReadonlyMap<string, Impairment> = new Map([
  ...['pcmu', 'pcma', 'g711', 'l16', 'l8', 'l24'].map((name) => [name, G711] as const),
  ...['g722', 'g7221', 'opus', 'amr-wb', 'silk', 'evs', 'isac'].map((name) => [name, G711] as const),
  ['g729', { ie: 11, bpl: 19 }],
  ['g729a', { ie: 11, bpl: 19 }],
  ['g729d', { ie: 15, bpl: 19 }],
  ['g723', { ie: 15, bpl: 16.1 }],
  ['g728', { ie: 7, bpl: 19 }],
  ['g726-16', { ie: 50, bpl: 25.1 }],
  ['g726-24', { ie: 25, bpl: 25.1 }],
  ['g726-32', { ie: 7, bpl: 25.1 }],
  ['g726-40', { ie: 2, bpl: 25.1 }],
  ['dvi4', { ie: 7, bpl: 25.1 }],
  ['gsm', { ie: 20, bpl: 19 }],
  ['gsm-efr', { ie: 5, bpl: 10 }],
  ['amr', { ie: 5, bpl: 10 }],
  ['ilbc', { ie: 11, bpl: 19 }],
  ['speex', { ie: 11, bpl: 19 }],
]);

/** Of an encoding name as in SDP, whatever its case; null: it is no speech, or nothing is known of it. */
export const impairmentOf = (codec: string): Impairment | null => IMPAIRMENTS.get(codec.toLowerCase()) ?? null;
