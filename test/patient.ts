/**
 * Files of the kinds that run alone which need not: they run side by side with others, and shorten a run on two cores by minutes.
 *
 * Such a file starts programs and waits for them. It measures no time, no memory of its own, no load and no loss under load, it
 * counts nothing that the whole machine has, and no port that it has closed must stay closed; what it waits for may come seconds
 * later than on a quiet machine (supervisors are stricter: a relay that dies within two seconds has died early); and its ports
 * and folders are its own. Whoever adds a file that keeps to this may name it here; one that is not named runs alone.
 */
const NAMES = {
  wire: `
    accounting admin csvFile daemon eventLogOwner explain extractaudio forkThreads forkThreadsUnlogged framing golden jobPool
    keptSounds logFolder makeann namedNetworks networks ngAccess ngHttp ngOpening ngTcp ngWebSocket promptStore recordFolders
    recordingCrash recordingThreads reload replay route rtpproxy rtpproxyStart signals start stdio tailLog threadSetAside
    transcripts unixFiles watch`,
  interop: 'extractaudio readers soundFiles soundReading',
} as const;

/** Their sources, relative to the project. */
export const PATIENT: ReadonlySet<string> = new Set(
  Object.entries(NAMES).flatMap(([kind, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => `test/${kind}/${name}.test.ts`),
  ),
);
