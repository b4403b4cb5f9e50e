/** A prompt as it is sent: frames of one codec, one behind the other, without headers. */
export type Prompt = {
  readonly payloadType: number;
  /** In shared memory: a prompt is read once and played by all threads. */
  readonly frames: Uint8Array;
};

/** What the RTP packets of a player begin with: random, or going on from what the listener has heard. */
export type Voice = {
  readonly ssrc: number;
  /** 0…65535 and 0…2^32-1, of the first packet. */
  readonly sequence: number;
  readonly timestamp: number;
};

/** What is to be played to a listener. */
export type PlayOrder = {
  readonly prompt: Prompt;
  /** How long a packet is to sound, milliseconds; it is made of whole frames, see `packetShape`. */
  readonly ptimeMs: number;
  /** How often the prompt is heard; negative: for ever. */
  readonly count: number;
  /** Packets that are left out of the first round. */
  readonly skip?: number;
  /** It ends after so long, milliseconds, however often it was heard by then. */
  readonly durationMs?: number;
  readonly voice: Voice;
  /** Packets that the listener was sent before: where a player goes on that a crash has interrupted. */
  readonly sent: number;
};
