/** The library's public names. */
export { DETECTORS, EXPERIMENTS, GATEWAYS, WRITERS } from './catalog.ts';
export { EXIT, ProfileError, UserError } from './errors.ts';
export type { CauseId } from './model/causes.ts';
export type { Finding } from './model/finding.ts';
export type { Profile } from './model/profile.ts';
export type { Recording } from './model/recording.ts';
export type { Report } from './model/report.ts';
export { diagnose, planRun, type RunOptions, readReplays, recordRun, writeRun } from './pipeline.ts';
export { loadProfile, parseProfile } from './profile/load.ts';
export { readRecording } from './recording/folder.ts';
export { publicReport } from './report/json.ts';
export { createClock, createEpoch } from './traffic/clock.ts';
