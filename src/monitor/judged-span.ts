/** A time of history judged as a run is. Pure but for reading. */
import type { CertificateFacts } from '../model/exchange.ts';
import { LEVEL_US } from '../model/history.ts';
import type { Profile } from '../model/profile.ts';
import type { Recording } from '../model/recording.ts';
import type { Report } from '../model/report.ts';
import type { RouteId } from '../model/route.ts';
import { type HistoryReader, recordingOfHistory } from '../pipeline/history-recording.ts';
import { readConfigs } from '../pipeline/read-configs.ts';

/** What of a report the monitor keeps. */
export type Judged = Pick<Report, 'findings' | 'detectors'>;

export type ShownCertificate = { readonly route: RouteId; readonly certificate: CertificateFacts };

export type JudgeOrder = {
  readonly profile: Profile;
  readonly nowAtUs: number;
  readonly spanUs: number;
  /** How often the same time is judged altogether. */
  readonly looks: number;
  /** As the last handshakes showed them, also of routes of which history keeps no exchange. */
  readonly certificates?: readonly ShownCertificate[];
};

export type JudgeSpan = (order: JudgeOrder) => Promise<Judged>;

export type JudgeTools = {
  readonly version: string;
  /** Judges a recording that is one of so many looks at the same data. */
  readonly diagnose: (recording: Recording, looks: number) => Report;
};

export function judgeSpan(history: HistoryReader, order: JudgeOrder, { version, diagnose }: JudgeTools): Judged {
  const { profile, nowAtUs, spanUs, looks } = order;
  const fromAtUs = nowAtUs - spanUs;
  const work = history
    .events({ profile: profile.name, fromAtUs, toAtUs: nowAtUs, kinds: ['maintenance'] })
    .map((event): Time => ({ fromAtUs: event.fromAtUs, toAtUs: event.toAtUs ?? nowAtUs }));
  const recording = recordingOfHistory(withoutTimes(history, work), { profile, fromAtUs, toAtUs: nowAtUs, version });
  // Paths as on the command line of the monitor; what cannot be read is not cited here; a run with the same profile tells it.
  const { configs } = readConfigs(profile.config ?? [], profile, recording.gateway.kind, process.cwd());
  const { findings, detectors } = diagnose(
    {
      ...recording,
      targets: recording.targets.map((target) => {
        const own = order.certificates?.filter(({ route }) => route === target.route) ?? [];
        return own.length === 0 ? target : { ...target, certificates: own.map(({ certificate }) => certificate) };
      }),
      ...(configs.length === 0 ? {} : { configs }),
    },
    looks,
  );
  return { findings, detectors };
}

type Time = { readonly fromAtUs: number; readonly toAtUs: number };

/** What fails while somebody works on a farm is no finding of the day after; shown it is all the same. */
export function withoutTimes(history: HistoryReader, times: readonly Time[]): HistoryReader {
  const isOutside = (fromAtUs: number, toAtUs: number): boolean =>
    times.every((time) => toAtUs <= time.fromAtUs || fromAtUs >= time.toAtUs);
  return {
    intervals: (query) =>
      history.intervals(query).filter(({ startAtUs, level }) => isOutside(startAtUs, startAtUs + LEVEL_US[level])),
    kept: (query) => history.kept(query).filter(({ atUs }) => isOutside(atUs, atUs + 1)),
    quiet: (query) => history.quiet(query),
    events: (query) => history.events(query),
    ...(history.findings === undefined ? {} : { findings: history.findings }),
  };
}
