/** How the monitor itself is doing, and what it has found, read when Prometheus asks. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { FindingRecord, History } from '../model/history.ts';
import type { DeliveryState } from './alert-delivery.ts';
import type { JudgedState, MonitorFeed, MonitorState } from './feed.ts';
import type { Labels } from './metrics-labels.ts';

export function addHealthMetrics(registry: Registry, feed: MonitorFeed, history: History): void {
  addFindings(registry, feed, history);
  addMonitor(registry, feed, history);
  addProfiles(registry, feed);
  addJudging(registry, feed);
  addDeliveries(registry, feed);
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

export function findingLabels({ profile, finding }: Pick<FindingRecord, 'profile' | 'finding'>): Labels {
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
  const counter = (name: string, help: string, read: (state: MonitorState) => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read(feed.state()));
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
  gauge(
    'gateprobe_monitor_history_paused_seconds',
    'For how long nothing has been kept; 0 while writing works.',
    (state) => (state.paused === undefined ? 0 : toSeconds(Math.max(0, state.nowAtUs - state.paused.sinceAtUs))),
  );
  counter(
    'gateprobe_monitor_history_pauses_total',
    'How often writing history was paused since the monitor started.',
    (state) => state.lost?.pauses ?? 0,
  );
  counter(
    'gateprobe_monitor_rounds_lost_total',
    'Rounds that were measured and not kept since the monitor started.',
    (state) => state.lost?.rounds ?? 0,
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

type ProfileNow = MonitorState['profiles'][number];

/** A gauge for each profile; undefined: none. */
function profileGauge(
  registry: Registry,
  feed: MonitorFeed,
  [name, help]: readonly [name: string, help: string],
  read: (profile: ProfileNow) => number | undefined,
): void {
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
}

function addProfiles(registry: Registry, feed: MonitorFeed): void {
  const gauge = (name: string, help: string, read: (profile: ProfileNow) => number | undefined): void =>
    profileGauge(registry, feed, [name, help], read);
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
    'gateprobe_monitor_next_round_timestamp_seconds',
    'When the next round is due, in seconds since 1970; in the past only while rounds are held back.',
    ({ nextRoundAtUs }) => (nextRoundAtUs === undefined ? undefined : toSeconds(nextRoundAtUs)),
  );
  gauge(
    'gateprobe_monitor_last_round_timestamp_seconds',
    'When the last round began, in seconds since 1970.',
    (profile) => (profile.lastRound === undefined ? undefined : toSeconds(profile.lastRound.startedAtUs)),
  );
}

function addJudging(registry: Registry, feed: MonitorFeed): void {
  const gauge = (name: string, help: string, read: (judged: JudgedState) => number): void =>
    profileGauge(registry, feed, [name, help], ({ judged }) =>
      judged === undefined ? undefined : toSeconds(read(judged)),
    );
  gauge(
    'gateprobe_judging_timestamp_seconds',
    'When history was judged last, in seconds since 1970; findings are as old as this.',
    ({ endedAtUs }) => endedAtUs,
  );
  gauge('gateprobe_judging_seconds', 'How long the last judgement took.', ({ tookUs }) => tookUs);
  gauge('gateprobe_judging_lag_seconds', 'How much later than due the last judgement began.', ({ lagUs }) => lagUs);
}

/** What became of alerts, for each receiver of a profile; `webhook` or `alertmanager`, never its address. */
function addDeliveries(registry: Registry, feed: MonitorFeed): void {
  const deliveries = (): readonly (readonly [labels: { profile: string; receiver: string }, state: DeliveryState])[] =>
    feed
      .state()
      .profiles.flatMap(({ profile, deliveries: all = [] }) =>
        all.map((state) => [{ profile, receiver: state.name }, state] as const),
      );
  const labelNames = ['profile', 'receiver'];
  const registers = [registry];
  const counter = (name: string, help: string, read: (state: DeliveryState) => number): void => {
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labels, state] of deliveries()) this.inc(labels, read(state));
      },
    });
  };
  const gauge = (name: string, help: string, read: (state: DeliveryState) => number): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labels, state] of deliveries()) this.set(labels, read(state));
      },
    });
  };
  counter('gateprobe_alerts_sent_total', 'Alerts that the receiver took.', ({ delivered }) => delivered);
  counter(
    'gateprobe_alerts_lost_total',
    'Alerts that were given up after all tries, or pushed out by newer ones.',
    ({ lost }) => lost,
  );
  counter(
    'gateprobe_alert_tries_failed_total',
    'Tries to deliver an alert that failed, also where a later one worked.',
    ({ failedTries }) => failedTries,
  );
  gauge('gateprobe_alerts_waiting', 'Alerts that are still to be delivered.', ({ waiting }) => waiting);
  gauge('gateprobe_alerts_retrying', '1 while an alert waits whose last try failed.', ({ waiting, problem }) =>
    waiting > 0 && problem !== undefined ? 1 : 0,
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
