/** How the monitor itself is doing, and what it has found, read when Prometheus asks. */
import { Gauge, type Registry } from 'prom-client';
import type { FindingRecord, History } from '../model/history.ts';
import type { MonitorFeed, MonitorState } from './feed.ts';

export function addHealthMetrics(registry: Registry, feed: MonitorFeed, history: History): void {
  addFindings(registry, feed, history);
  addMonitor(registry, feed, history);
  addProfiles(registry, feed);
  addProcess(registry);
}

/** Open findings: 1 each. One that closes is gone, so that an alert on it ends. */
function addFindings(registry: Registry, feed: MonitorFeed, history: History): void {
  const labelNames = ['profile', 'cause', 'severity', 'confidence', 'route', 'member', 'request'];
  new Gauge({
    name: 'gateprobe_finding',
    help: '1 for each open finding.',
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const { profile } of feed.state().profiles)
        for (const record of openFindings(history, profile)) this.set(findingLabels(record), 1);
    },
  });
}

function openFindings(history: History, profile: string): readonly FindingRecord[] {
  return history.findings({ profile, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER, open: true });
}

function findingLabels({ profile, finding }: FindingRecord) {
  const { cause, severity, confidence, scope } = finding;
  const { route, member = '', requestName = '' } = scope;
  return { profile, cause, severity, confidence, route, member, request: requestName };
}

function addMonitor(registry: Registry, feed: MonitorFeed, history: History): void {
  const gauge = (name: string, help: string, read: (state: MonitorState) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(feed.state()));
      },
    });
  };
  gauge('gateprobe_monitor_start_time_seconds', 'When the monitor started, in seconds since 1970.', (state) =>
    toSeconds(state.startedAtUs),
  );
  gauge('gateprobe_monitor_history_writable', '1 while what is measured is kept, 0 while it is not.', (state) =>
    state.paused === undefined ? 1 : 0,
  );
  gauge(
    'gateprobe_monitor_rounds_lost',
    'Rounds that were measured and not kept, since writing paused.',
    (state) => state.paused?.roundsLost ?? 0,
  );
  gauge('gateprobe_monitor_history_size_bytes', 'Size of the history on disk.', () => history.size().bytes);
  gauge(
    'gateprobe_monitor_profiles_refused',
    'Profile files that are not used because of their problems.',
    (state) => state.refused.length + state.profiles.filter(({ refused }) => refused !== undefined).length,
  );
  new Gauge({
    name: 'gateprobe_build_info',
    help: '1, with the version of the monitor.',
    labelNames: ['version'],
    registers: [registry],
    collect() {
      this.set({ version: feed.state().version }, 1);
    },
  });
}

function addProfiles(registry: Registry, feed: MonitorFeed): void {
  type Profile = MonitorState['profiles'][number];
  const gauge = (name: string, help: string, read: (profile: Profile) => number | undefined): void => {
    new Gauge({
      name,
      help,
      labelNames: ['profile'],
      registers: [registry],
      collect() {
        this.reset();
        for (const profile of feed.state().profiles) {
          const value = read(profile);
          if (value !== undefined) this.set({ profile: profile.profile }, value);
        }
      },
    });
  };
  gauge('gateprobe_monitor_round_lag_seconds', 'How much later than due the last round began.', ({ lag }) =>
    toSeconds(lag.lastUs),
  );
  gauge('gateprobe_monitor_round_lag_p99_seconds', 'The same in 99 of the last 100 rounds.', ({ lag }) =>
    toSeconds(lag.p99Us),
  );
  gauge(
    'gateprobe_monitor_rounds_overlapped',
    'Rounds left out because the one before still ran.',
    ({ overlapped }) => overlapped,
  );
  gauge('gateprobe_monitor_interval_seconds', 'Length of the interval that holds now.', ({ intervalUs }) =>
    intervalUs === undefined ? undefined : toSeconds(intervalUs),
  );
  gauge('gateprobe_monitor_maintenance', '1 while a maintenance window lasts.', ({ maintenance }) =>
    maintenance === undefined ? 0 : 1,
  );
  gauge(
    'gateprobe_monitor_last_round_timestamp_seconds',
    'When the last round began, in seconds since 1970.',
    (profile) => (profile.lastRound === undefined ? undefined : toSeconds(profile.lastRound.startedAtUs)),
  );
}

/** The names that every Prometheus client uses for its process. */
function addProcess(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'gateprobe_monitor_cpu_seconds',
    help: 'Processor time that the monitor has used since it started.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.set(toSeconds(user + system));
    },
  });
}

function toSeconds(us: number): number {
  return us / 1_000_000;
}
