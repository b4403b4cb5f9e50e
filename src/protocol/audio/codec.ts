/** Turns the payloads of one stream into sound, in the order of the stream: most codecs remember what came before. */
export type AudioDecoder = {
  /** Linear 16-bit samples at the `sampleRate` of the codec. Of a payload that is broken, what can be made of it, at worst nothing. */
  readonly decode: (payload: Uint8Array) => Int16Array;
};

/** Turns sound into payloads. */
export type AudioEncoder = {
  /** Samples at the `sampleRate` of the codec, as whole frames: what is missing of the last one counts as silence. */
  readonly encode: (samples: Int16Array) => Uint8Array;
};

/** A codec of RFC 3551 with a payload type of its own. Each stream takes a decoder or encoder of its own. */
export type AudioCodec = {
  /** As in SDP (RFC 3551 table 4). */
  readonly name: string;
  readonly payloadType: number;
  /** Samples a second. That of G.722 is twice its RTP clock (RFC 3551 §4.5.2). */
  readonly sampleRate: 8000 | 16000;
  readonly decoder: () => AudioDecoder;
  readonly encoder: () => AudioEncoder;
};

/** Codecs by payload type: which there are depends on the libraries of the machine. */
export type AudioCodecs = ReadonlyMap<number, AudioCodec>;
