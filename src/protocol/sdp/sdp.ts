import type { Result } from '../../../model/kernel/index.js';

/**
 * One line: `type=value`, with the line end it had (`\r\n`, `\n`, or none at the end of the text). What is no such line, also an empty one,
 * has the type '' and all of it as its value.
 */
export type SdpLine = { readonly type: string; readonly value: string; readonly end: string };

/** Numeric address or host name, as a `c=` line has it. */
export type SdpAddress = { readonly family: 'IP4' | 'IP6'; readonly host: string };

export type SdpCodec = {
  readonly payloadType: number;
  /** As `a=rtpmap` has it (`PCMU/8000`), or as RFC 3551 has static types; empty: not known. */
  readonly name: string;
  readonly fmtp: string | null;
};

/** What a media section says, looked at through its lines. */
export type SdpMedia = {
  /** From 0. */
  readonly index: number;
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  /** As the `m=` line lists them. */
  readonly formats: readonly string[];
  /** Of the section, or else of the session, as the first `c=` there has it. Null: there is none, or none that can be read. */
  readonly address: SdpAddress | null;
  /** It has a `c=` of its own. */
  readonly hasConnection: boolean;
  /** `a=rtcp` (RFC 3605). */
  readonly rtcp: { readonly port: number; readonly address: SdpAddress | null } | null;
  /** Port 0, and not because of `a=bundle-only`. */
  readonly isRejected: boolean;
  readonly isBundleOnly: boolean;
  /** An address of zeros, or a name that stands for none (`.invalid`). */
  readonly isZeroAddress: boolean;
  /** A zero address and port 9 of an ICE agent that has found no candidates yet (RFC 8829 §5.2.1): no address, but no hold either. */
  readonly isIcePlaceholder: boolean;
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  readonly rtcpMux: boolean;
  readonly mid: string | null;
  readonly ptimeMs: number | null;
  readonly codecs: readonly SdpCodec[];
  /** Whether its packets go over UDP, so that we can relay them, and whether they are RTP. `none`: TCP and the like. */
  readonly carrier: 'rtp' | 'udp' | 'none';
  /** It asks for keys or fingerprints: `RTP/SAVP`, `UDP/TLS/…`, `a=crypto`, `a=fingerprint`. */
  readonly isSecure: boolean;
};

/** A session description that can be written again byte for byte. */
export type Sdp = {
  /** Of the session part, and of each media section, `m=` line first. */
  readonly session: readonly SdpLine[];
  readonly sections: readonly (readonly SdpLine[])[];
  readonly media: readonly SdpMedia[];
  /** `a=group:BUNDLE` lines: the mids of each. */
  readonly bundles: readonly (readonly string[])[];
  /** `o=` split up; null: it has none that can be read. */
  readonly origin: {
    readonly username: string;
    readonly id: string;
    readonly version: string;
    readonly address: SdpAddress;
  } | null;
};

/** Where a media line is to be reached through the relay. */
export type SdpPlace = {
  readonly host: string;
  readonly family: 'IP4' | 'IP6';
  readonly port: number;
  readonly rtcpPort: number;
};

/** What becomes of one media section. */
export type SdpMediaPlan =
  /**
   * Nothing of it changes (rejected, or not ours to relay), but for `removeKinds`. Where the `c=` of the session changes and its port is not 0,
   * it is given the one that it had.
   */
  | { readonly kind: 'keep' }
  /** `m=… 0`: it is refused, in its place, and its mid leaves the bundle. */
  | { readonly kind: 'reject' }
  /** A section whose port is 0 already stays as it is; one that is so for `a=bundle-only` keeps its port and is changed in all else. */
  | { readonly kind: 'relay'; readonly place: SdpPlace };

/** What becomes of a description on its way through. `parseSdp` and this make one with `rewriteSdp`. */
export type SdpPlan = {
  /** One a section. */
  readonly media: readonly SdpMediaPlan[];
  readonly ice: 'keep' | 'remove';
  /**
   * As NG has them: `offer` adds `a=rtcp-mux`, `require` also `a=rtcp-mux-only` (RFC 8858), `demux` and `reject` take both away and name the
   * port of RTCP instead. Where both are said, what adds counts.
   */
  readonly rtcpMux: readonly ('offer' | 'require' | 'demux' | 'accept' | 'reject')[];
  /** `a=rtcp`: as it was there, or where RTCP is not on the next port; never; always, with the address. */
  readonly rtcpAttribute: 'as-was' | 'never' | 'full';
  /** `reject` takes `a=group:BUNDLE` and `a=bundle-only` away; the others keep what is there. */
  readonly bundle: readonly ('accept' | 'offer' | 'require' | 'strict' | 'reject')[];
  /**
   * `origin` (the address of `o=`), `username`, `origin-full` (address, username and version; the id stays), `session-name`, `sdp-version`
   * and `force-increment-sdp-ver` (the version). `zero-address`: a zero address, which is a hold of the old kind and stays one without this, is
   * replaced by ours, and the hold said by the direction instead. Other words, such as the old `session-connection`, mean nothing.
   */
  readonly replace: ReadonlySet<string>;
  /** For `replace-origin` and the like: our address and names. */
  readonly origin: { readonly address: SdpAddress; readonly username: string; readonly sessionName: string };
  /** The version for `o=`, where `replace` asks for one; null: the one it has. */
  readonly version: string | null;
  /**
   * Codec names in any case, with or without rate and channels, payload types, or `all` and `full`. What `strip` or `mask` names goes, unless
   * `except` or `offer` names it too; what `offer` names also comes first, in its order. `rtx` and `red` follow the codecs they are for.
   */
  readonly codec: {
    readonly strip: readonly string[];
    readonly offer: readonly string[];
    readonly except: readonly string[];
    readonly mask: readonly string[];
  };
  /** The first codec alone, with telephone events. */
  readonly singleCodec: boolean;
  /** A section that would lose its last codec is rejected; without this it keeps all of them. */
  readonly allowNoCodecMedia: boolean;
  /** For audio. Null: as it is. */
  readonly ptimeMs: number | null;
  /** Only between `RTP/AVP` and `RTP/AVPF`; all else is left alone. */
  readonly transportProtocol: string | null;
  readonly stripExtmap: boolean;
  /** Gives `a=mid` to relayed sections that have none, and nothing more. */
  readonly generateMid: boolean;
  /**
   * By kind of media; `none` (or `global`, `session`) is the session part. Values have no `a=`. `remove` and `from` name a whole value
   * (`ptime:20`), or what stands before its first colon (`fmtp`) or its first blank (`fmtp:101`); what follows is kept by `substitute`.
   */
  readonly attributes: Readonly<
    Record<
      string,
      {
        readonly add: readonly string[];
        readonly remove: readonly string[];
        readonly substitute: readonly { readonly from: string; readonly to: string }[];
      }
    >
  >;
  /** Sections of these kinds are rejected rather than left out, so that number and order of the lines stay (RFC 3264 §6, §8). */
  readonly removeKinds: readonly string[];
  /** `a=rtpbridge:ID` in the session part, against loops. Null: none. */
  readonly loopMark: string | null;
};

/** Reads a description; linear in its length. What is wrong is one clear sentence. */
export type ParseSdp = (text: string) => Result<Sdp, string>;
/** Writes it with what the plan changes, and nothing else. Written again by the same plan, the result stays as it is. */
export type RewriteSdp = (sdp: Sdp, plan: SdpPlan) => string;
