/** What is wrong with the timers of one configuration, without knowing its neighbours. */

import type { DeclaredConfig, DeclaredSetting } from '../../model/declared.ts';
import { formatDuration } from '../../model/quantity.ts';
import { citation } from './setting-for.ts';
import type { TimerProblem } from './timer-problem.ts';

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;
/** Lost packets of a connect are sent again after 1, 3 and 7 s: who has not answered after that is not there. */
const CONNECT_US = 10_000_000;

export function auditAlone(config: DeclaredConfig): readonly TimerProblem[] {
  return [...waits(config), ...health(config), ...proxyTimeouts(config), ...pools(config)];
}

function waits({ settings, members }: DeclaredConfig): readonly TimerProblem[] {
  return settings.flatMap((one): readonly TimerProblem[] => {
    if (members.length === 0) return [];
    if (one.meaning === 'response-timeout' && one.valueUs === undefined && one.value.startsWith('none'))
      return [
        {
          id: 'no-response-timeout',
          level: 'note',
          outer: one,
          problem: 'The gateway waits for an answer without end.',
          why: 'A member that hangs holds its requests until clients leave, and no error ever names it.',
          fix: `Set ${one.directive} above the longest work that must succeed.`,
        },
      ];
    if (one.meaning === 'connect-timeout' && one.valueUs !== undefined && one.valueUs > CONNECT_US)
      return [
        {
          id: 'slow-connect-timeout',
          level: 'note',
          outer: one,
          problem: `The gateway tries for ${formatDuration(one.valueUs)} to reach a member that does not answer at all.`,
          why: 'Users wait for all of it before another member is tried; a live member takes the connection within milliseconds.',
          fix: `Set 3 s, which leaves room for one lost packet: ${citation(one)}.`,
        },
      ];
    return [];
  });
}

function health(config: DeclaredConfig): readonly TimerProblem[] {
  const of = (meaning: DeclaredSetting['meaning'], like: DeclaredSetting) =>
    config.settings.find((one) => one.meaning === meaning && shares(one, like));
  return config.settings.flatMap((one): readonly TimerProblem[] => {
    if (one.meaning === 'health-interval') {
      const timeout = of('health-timeout', one);
      if (timeout?.valueUs === undefined || one.valueUs === undefined || timeout.valueUs < one.valueUs) return [];
      return [
        {
          id: 'health-overlap',
          level: 'note',
          outer: one,
          inner: timeout,
          problem: `A health test may take ${formatDuration(timeout.valueUs)}, as long as the ${formatDuration(one.valueUs)} between two tests.`,
          why: 'A member that hangs is found late: each test waits in full before it counts as failed.',
          fix: `Lower ${citation(timeout)} to a few seconds.`,
        },
      ];
    }
    // ARR alone counts the members that stay in whatever the tests say.
    if (config.kind === 'arr' && one.meaning === 'health-minimum' && one.count === 0)
      return [
        {
          id: 'health-may-remove-all',
          level: 'fault',
          outer: one,
          problem: 'Health tests may take out every member.',
          why: 'When the tested page fails on all of them (a shared database, a wrong address), ARR answers 502.4 to everybody although members could still serve most requests.',
          fix: `Set minServers to at least 1: ${citation(one)}.`,
        },
      ];
    return [];
  });
}

function shares(one: DeclaredSetting, other: DeclaredSetting): boolean {
  if (one.members === undefined || other.members === undefined) return one.scope === other.scope;
  return one.members.some((member) => other.members?.includes(member));
}

/** ARR has two timers of the same name. */
function proxyTimeouts(config: DeclaredConfig): readonly TimerProblem[] {
  if (config.kind !== 'arr') return [];
  const responses = config.settings.filter(({ meaning }) => meaning === 'response-timeout');
  const server = responses.find(({ members, isDefault }) => members === undefined && !isDefault);
  if (server?.valueUs === undefined) return [];
  return responses
    .filter((farm) => farm.members !== undefined && farm.valueUs !== undefined && farm.valueUs < (server.valueUs ?? 0))
    .map((farm) => ({
      id: 'two-proxy-timeouts',
      level: 'note',
      outer: server,
      inner: farm,
      problem: `The server’s proxy timeout is ${formatDuration(server.valueUs ?? 0)}, but requests of ${farm.scope} end after ${formatDuration(farm.valueUs ?? 0)}.`,
      why: 'The timer of the farm alone counts for requests that a farm takes; raising the server’s has no effect on them.',
      fix: `Change the farm’s: ${citation(farm)}.`,
    }));
}

function pools(config: DeclaredConfig): readonly TimerProblem[] {
  return config.settings.flatMap((one): readonly TimerProblem[] => {
    const named = /^application pool (.*)$/.exec(one.scope)?.[1];
    if (named === undefined || one.valueUs === 0) return [];
    const pool = config.settings.filter(({ scope }) => scope === one.scope);
    if (one.meaning === 'pool-idle-timeout' && one.valueUs !== undefined) return [idleStop(one, pool, named)];
    if (
      one.meaning === 'recycle-period' &&
      one.valueUs !== undefined &&
      DAY_US % one.valueUs !== 0 &&
      one.valueUs % DAY_US !== 0
    )
      return [
        {
          id: 'recycle-drifts',
          level: 'note',
          outer: one,
          problem: `Pool ${named} is recycled every ${formatDuration(one.valueUs)}, so the hour is another one each day and comes in busy hours too.`,
          why: 'Each recycle starts the application anew: the first requests are slow, and long ones may be cut off after shutdownTimeLimit.',
          fix: `Recycle at a quiet hour instead: ${one.directive} 00:00:00 (${place(one)}) and a recycling/periodicRestart/schedule entry.`,
        },
      ];
    return [];
  });
}

function idleStop(one: DeclaredSetting, pool: readonly DeclaredSetting[], name: string): TimerProblem {
  const start = pool.find(({ meaning }) => meaning === 'start-mode');
  return {
    id: 'idle-pool-stops',
    level: 'note',
    outer: one,
    ...(start === undefined ? {} : { inner: start }),
    problem: `Pool ${name} is stopped after ${formatDuration(one.valueUs ?? 0)} without a request.`,
    why: 'The next user waits until the application has started again, which may take longer than the gateway waits.',
    fix: `Set ${one.directive} to 00:00:00 (${place(one)}), startMode to AlwaysRunning${start === undefined ? '' : ` (${place(start)})`} and preloadEnabled to true.`,
  };
}

function place({ file, line, isDefault }: DeclaredSetting): string {
  return isDefault ? 'a default, to be added' : `${file}:${line}`;
}
