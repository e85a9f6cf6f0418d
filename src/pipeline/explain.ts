/** Logs without traffic: read → join → judge. The same recording, measures, detectors and report as a run's, with nothing sent. */
import { cpus } from 'node:os';
import type { Readable } from 'node:stream';
import { gatewayOf, kindOfFormat, LOG_FORMATS } from '../catalog.ts';
import type { Problem } from '../errors.ts';
import { type LogSpec, type LogsRead, type ReadLines, type ReadLogsOptions, readLogs } from '../logs/read-logs.ts';
import type { LogEvidence } from '../model/journey.ts';
import type { GatewayKind, Profile } from '../model/profile.ts';
import { createRandom } from '../model/random.ts';
import type { RecognisedGateway, Recording } from '../model/recording.ts';
import { RECORDING_SCHEMA_VERSION, UNMEASURED_QUALITY } from '../model/recording.ts';
import { createMasker, maskProfile } from '../profile/mask.ts';
import { kindOfLogs } from './kind-from-logs.ts';
import { createMemoryGuard, keepYoungGenerationSmall } from './memory-guard.ts';

export type ExplainOptions = {
  readonly specs: readonly LogSpec[];
  readonly baseFolder: string;
  /** Names, addresses and the kind of the gateway, where a profile says them. */
  readonly profile: Profile;
  readonly kind?: GatewayKind;
  readonly seed: number;
  readonly version: string;
  readonly wallMs: () => number;
  readonly sinceUs?: number;
  readonly untilUs?: number;
  readonly stdin?: Readable;
  readonly signal?: AbortSignal;
  readonly onProgress?: ReadLogsOptions['onProgress'];
};

export type Explained = { readonly recording: Recording; readonly problems: readonly Problem[] };

/** Reads with the file of the gateway whose format it is; formats that several write, with the kind that was said or recognised. */
export function lineReader(kind: GatewayKind | undefined): ReadLines {
  return (access, errors) => {
    const own = kindOfFormat(access.format);
    // An access log in a common form beside an error log that only one of them writes is of the same program.
    const beside = errors.map(({ format }) => kindOfFormat(format)).find((one) => one !== 'unknown');
    const used = own === 'arr' && kind === 'iis' ? 'iis' : own !== 'unknown' ? own : (beside ?? kind ?? 'unknown');
    return gatewayOf(used).readLog?.(access, errors);
  };
}

/** Never rejects for what is in the logs. */
export async function explainLogs(options: ExplainOptions): Promise<Explained> {
  const { profile, seed, specs, baseFolder, wallMs, stdin, signal, sinceUs, untilUs, onProgress } = options;
  const kind = options.kind ?? profile.gateway.kind;
  keepYoungGenerationSmall();
  const guard = createMemoryGuard();
  const { evidence, problems }: LogsRead = await readLogs({
    specs,
    baseFolder,
    formats: LOG_FORMATS,
    memberNames: profile.members.map(({ name }) => name),
    mask: createMasker(profile.secrets, profile.mask),
    wallMs,
    random: createRandom(seed),
    read: lineReader(kind),
    onEntry: () => guard.look(1),
    stdin,
    signal,
    ...(sinceUs === undefined ? {} : { sinceUs }),
    ...(untilUs === undefined ? {} : { untilUs }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  // Lines that were read and let go lie about until V8 looks: what is alive is a few MB, and a report is still to be drawn.
  guard.collect();
  return { recording: recordingOf(evidence, options, kind), problems };
}

function recordingOf(evidence: LogEvidence, options: ExplainOptions, kind: GatewayKind | undefined): Recording {
  const { profile, seed, version, wallMs, signal } = options;
  const firstUs = Math.min(...evidence.sources.flatMap(({ firstAtUs }) => firstAtUs ?? []));
  const lastUs = Math.max(...evidence.sources.flatMap(({ lastAtUs }) => lastAtUs ?? []));
  const hasTime = Number.isFinite(firstUs) && Number.isFinite(lastUs);
  return {
    manifest: {
      schemaVersion: RECORDING_SCHEMA_VERSION,
      tool: { name: 'gateprobe', version },
      runId: createRandom(seed).fork('explain').next().toString(16).slice(2).padEnd(16, '0'),
      startedAt: new Date(hasTime ? firstUs / 1000 : wallMs()).toISOString(),
      durationUs: hasTime ? Math.max(0, Math.round(lastUs - firstUs)) : 0,
      seed,
      profile: maskProfile({ ...profile, members: membersOf(evidence, profile) }),
      plan: { schemaVersion: 1, seed, experiments: [], totalRequests: 0, durationUs: 0, peakRatePerSec: 0 },
      host: { platform: process.platform, node: process.version, cpus: cpus().length },
      interrupted: signal?.aborted ?? false,
    },
    targets: [],
    gateway: recognised(evidence, kind),
    experiments: [],
    quality: UNMEASURED_QUALITY,
    windows: () => [],
    exchanges: [],
    exchangeCount: 0,
    warnings: evidence.problems,
    logs: evidence,
  };
}

/** Members of the profile, and those whose logs were given under another name. */
function membersOf({ sources }: LogEvidence, { members, gateway }: Profile): Profile['members'] {
  const named = new Set(members.map(({ name }) => name));
  const more = sources.flatMap(({ member, addresses }) => {
    if (member === undefined || named.has(member)) return [];
    named.add(member);
    const address = addresses.find((one) => /:\d+$/.test(one)) ?? addresses[0];
    return [{ ...gateway, name: member, url: address === undefined ? '' : `http://${address}` }];
  });
  return [...members, ...more.map(({ name, url, tls, http }) => ({ name, url, tls, http }))];
}

function recognised(logs: LogEvidence, kind: GatewayKind | undefined): RecognisedGateway {
  if (kind !== undefined && kind !== 'unknown')
    return { kind, certainty: 1, because: ['It was named by the user.'], declared: true };
  return (
    kindOfLogs(logs) ?? { kind: 'unknown', certainty: 0, because: ['No log of a gateway was given.'], declared: false }
  );
}
