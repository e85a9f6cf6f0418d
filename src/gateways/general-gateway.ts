import type { GeneralTable } from './general-advice.ts';
import { compareCommand, ofMeasured } from './remedy-words.ts';

type Ids =
  | 'gateway/overhead'
  | 'gateway/unreachable'
  | 'gateway/overloaded'
  | 'gateway/retry-duplicate'
  | 'gateway/buffering'
  | 'gateway/cascade'
  | 'probe/rate-limited'
  | 'probe/saturated'
  | 'change/latency'
  | 'change/errors'
  | 'log/unjoined';

/** Reasons of http.sys for a 503 that say that no worker may be started. */
export function isPoolStopped(reason: string): boolean {
  return /^(?:AppOffline|Disabled|AppShutdown)$/.test(reason);
}

const UNDONE = 'gateprobe diff <base> <head> after the change was undone: no difference beyond noise.';

export const GATEWAY_ADVICE: GeneralTable<Ids> = {
  'gateway/overhead': (context) => ({
    first: [
      'Check first that the gateway reuses its connections to the members: a new TCP or TLS connection per request is the usual reason for a constant excess.',
      'Then look at what the gateway does with each request: logging to a slow disk, name resolution, authentication, rewriting, compression, a web application firewall.',
    ],
    last: [
      'Compare one plain static file and one large answer: a constant excess is per request, a growing one is per byte.',
    ],
    howToVerify: `${compareCommand(context)}: the difference at p50 and p99 must be below the agreed value.`,
  }),
  'gateway/unreachable': () => ({
    first: [
      "Find out from another machine whether the gateway's port answers: name, address, listener, firewall and certificate, in this order.",
    ],
    last: [
      'If it answers elsewhere, the fault lies between the probe and the gateway (route, firewall, name resolution).',
    ],
    howToVerify: 'curl -sv <gateway-url> from the machine of the probe; then gateprobe check <profile> and one run.',
  }),
  'gateway/overloaded': ({ refusedBy = '' }) => ({
    first: [
      isPoolStopped(refusedBy)
        ? `The application pool of the gateway itself is stopped (${refusedBy} in its HTTPERR): nobody is served until it is started. Find out why it stopped before you start it; no limit is to be raised.`
        : 'The gateway itself refuses. Raise its limits of connections and workers, give it more processor, or put a second one beside it.',
    ],
    howToVerify: 'Run the same burst again (gateprobe run <profile>): no refusal at the rate that you mean to serve.',
  }),
  'gateway/retry-duplicate': () => ({
    first: [
      'Find the member whose attempts fail, and mend it: every repeated request is a failure that users did not see, and waited for.',
      'Let the gateway repeat only what is safe to repeat, and only when the connection could not be made: else one request may be done by several members.',
    ],
    howToVerify: "Run again with logs of gateway and members: each request id must stand in one member's log only.",
  }),
  'gateway/buffering': () => ({
    first: [
      'Switch off response buffering for streamed answers (server-sent events, long polling, large downloads), for these paths only.',
    ],
    howToVerify: 'Run compare on the streamed path: the first byte must arrive about as early as directly.',
  }),
  'gateway/cascade': (context) => ({
    first: [
      `A slow or failing request takes out each member that it meets${ofMeasured(context, 'holdUs')}; one that is repeated on member after member, or as many as there are members, take out all of them, and then every request fails at once. Let one failure not take a member out, and let the gateway repeat only when it could not connect, and at most once.`,
      'Mend the slow request itself; until then give it a path of its own, with one member or without retries.',
    ],
    last: ['Judge members by health checks on a cheap path rather than by the outcome of user requests.'],
    howToVerify:
      'Let the timeout experiment run in a quiet hour (gateprobe run <profile>): after the slow request, requests to other paths must still succeed.',
  }),
  'probe/rate-limited': () => ({
    first: ['The target limited the probe. Lower limits.maxRate in the profile, or exempt the address of the probe.'],
    last: [
      'If users behind one address (a proxy, a company, a mobile network) can come as fast, the rule meets them as well: raise its rate and burst, or let it count by session. nginx: limit_req_zone … rate=, limit_req … burst=, and limit_req_status 429 so that clients can tell; HAProxy: the stick-table behind http_req_rate; IIS: Dynamic IP Restrictions.',
    ],
    howToVerify:
      'Run again (gateprobe run <profile>): none refused; no 429, and on IIS no 403.501, 403.502, 404.501 or 404.502.',
  }),
  'probe/saturated': () => ({
    first: [
      'Do not use the figures of this run: the probe sent too late or was too busy to time its answers.',
      'Lower the rate in the profile (limits: maxRate), or run the probe on a machine with more free processor time and no other load.',
      'Keep virus scanners, builds and other probes off this machine during a run; check local ports and the number of open files.',
    ],
    howToVerify: 'gateprobe selftest, then the same run again: the report must say that the run is valid.',
  }),
  'change/latency': ({ measured }) =>
    measured['crossingDays'] === undefined
      ? {
          first: [
            'Look at what was released or configured at the time of the change; compare the two runs (gateprobe diff <base> <head>).',
          ],
          howToVerify: UNDONE,
        }
      : {
          first: [
            'Find what makes the slowest answers slower each day: a table or a queue that grows, a cache that no longer fits.',
            'Only if the work must take so long, raise the gateway’s timer for that path before the day comes.',
          ],
          howToVerify: 'Watch on (gateprobe monitor): the daily p99.9 must stop rising.',
        },
  'change/errors': ({ measured }) =>
    measured['periodUs'] === undefined
      ? {
          first: [
            'Look at what was released or configured when the mix of statuses changed; compare the two runs (gateprobe diff <base> <head>).',
          ],
          howToVerify: UNDONE,
        }
      : {
          first: [
            'Look at what runs by the clock then: scheduled tasks and cron, backups, log rotation, recycling, certificate renewal, reports of users.',
            'Move it, or make it gentler: one member at a time, behind a health check that takes the member out before.',
          ],
          howToVerify: 'Watch on (gateprobe monitor): the time must pass without failures for some days.',
        },
  'log/unjoined': () => ({
    first: [
      'Check that the logs are those of this gateway and of these members, cover the time of the run, and name the right time zone.',
      'Log the User-Agent or the traceparent header: the probe sends its request id in both.',
    ],
    howToVerify: 'Run again with the corrected logs: requests of the probe must be found in them.',
  }),
};
