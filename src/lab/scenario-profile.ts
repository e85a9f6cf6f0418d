import { join } from 'node:path';
import type { FarmUrls } from './scenario.ts';

/** What differs between the profiles of the lab, in the words of a profile. */
export type ProfileParts = {
  readonly name: string;
  /** A line on what the farm is, told at the top of the file. */
  readonly about: string;
  readonly requests?: readonly string[];
  /** One flow mapping each, in the order in which they run. */
  readonly experiments: readonly string[];
  readonly thresholds?: readonly string[];
  /** The run's own limit; above what the gateway of the lab waits, so that the gateway gives up first. */
  readonly requestTimeout?: string;
};

export const HOME = '{ name: home, path: /, weight: 15, expect: { status: 200, body: { includes: Lab member } } }';
export const REPORT = '{ name: report, path: /report, weight: 1, expect: { status: 200 } }';
/** The members of the lab take as long as `ms` says. */
export const SLOW = '{ name: slow, path: "/slow?ms={delayMs}", safe: true }';

/** A profile in YAML for a farm of the lab. Its limits are wide, as the farm is on this machine and nobody else's. */
export function labProfile(parts: ProfileParts, urls: FarmUrls): string {
  const { name, about, requests = [HOME], experiments, thresholds = [], requestTimeout = '10s' } = parts;
  return [
    `# ${about}`,
    '# The farm runs on this machine and has other ports each time it starts.',
    `name: ${name}`,
    'gateway:',
    `  url: ${urls.gateway}`,
    'members:',
    ...urls.members.map((member) => `  - { name: ${member.name}, url: "${member.url}" }`),
    'memberId:',
    '  header: X-Member',
    'requests:',
    ...listed(requests),
    'experiments:',
    ...listed(experiments),
    'limits:',
    '  maxRate: 600/s',
    '  maxRequests: 20000',
    '  maxInFlight: 600',
    '  maxNewConnections: 300/s',
    `  requestTimeout: ${requestTimeout}`,
    '  connectTimeout: 3s',
    ...(urls.logs === undefined ? [] : ['logs:', ...listed(logsIn(urls.logs, urls.members))]),
    ...(thresholds.length === 0 ? [] : ['thresholds:', ...listed(thresholds)]),
    '',
  ].join('\n');
}

/** The site log and the http.sys log of each machine; which is which is told from their lines. */
function logsIn(folder: string, members: FarmUrls['members']): string[] {
  return ['gateway', ...members.map(({ name }) => name)].map(
    (name) => `{ from: ${name}, files: ${JSON.stringify(join(folder, name, '*.log'))} }`,
  );
}

function listed(items: readonly string[]): string[] {
  return items.map((item) => `  - ${item}`);
}
