/** Loaded before a test file that is to catch a mutation: the same cases in every run, and none is made smaller once one has failed. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['RTPBRIDGE_PROPERTY_SEED'] ?? 1), endOnFailure: true, includeErrorInReport: true });
