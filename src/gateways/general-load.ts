import type { GeneralTable } from './general-advice.ts';
import { errorLogCommands, keepWarmCommands, queueCommands, slowWorkCommands } from './member-commands.ts';
import { compareCommand, ofMeasured, theMember, theRequests } from './remedy-words.ts';

type Ids =
  | 'queue/gateway'
  | 'queue/member'
  | 'queue/listen-backlog'
  | 'queue/rejected'
  | 'queue/thread-starvation'
  | 'cold-start/idle'
  | 'cold-start/recycle'
  | 'cold-start/connection'
  | 'member/none-available'
  | 'member/errors'
  | 'member/slow'
  | 'member/flapping'
  | 'member/skew'
  | 'application/error'
  | 'application/slow'
  | 'stall/pause';

const RERUN_BURST = 'Run the same burst again (gateprobe run <profile>)';

export const LOAD_ADVICE: GeneralTable<Ids> = {
  'queue/gateway': () => ({
    first: [
      'The members answer quickly while requests wait in the gateway: raise what limits the gateway (concurrent requests, connections to members, workers), or send it less at once.',
    ],
    last: [
      'Look at the load of the gateway host during the burst; at full processor load, more workers only add waiting.',
    ],
    howToVerify: `${RERUN_BURST}: the slope through the gateway must be that of the direct canary.`,
  }),
  'queue/member': (context, family) => ({
    first: [
      `Requests wait in ${theMember(context)} itself, also when it is asked directly: shorten the work per request, or let it do more at once (workers, threads, processor, database connections).`,
      'Add members where the work cannot be made shorter.',
    ],
    last: [
      'Limit what the gateway sends to one member at a time, so that a short peak waits in one place and can spread.',
    ],
    commands: slowWorkCommands(family),
    howToVerify: `${RERUN_BURST}: the backlog must drain during the burst, on both routes.`,
  }),
  'queue/listen-backlog': (_context, family) => ({
    first: [
      'The process accepts connections too slowly: raise its backlog, its number of acceptors or workers, or keep connections open.',
    ],
    commands: queueCommands(family),
    howToVerify: 'Run the same profile again: connections opened together must connect as quickly as one alone.',
  }),
  'queue/rejected': (context, family) => ({
    first: [
      `Find the limit that refuses at${ofConcurrency(context.measured['concurrencyLimit']?.value)}: a queue or connection limit of the gateway, or the queue of ${theMember(context)}. The side that answers 503 directly as well is the one.`,
      'Make the work shorter or add capacity first; raise the limit when the extra waiting is acceptable. A longer queue does not make anything faster.',
    ],
    commands: queueCommands(family),
    howToVerify: `${RERUN_BURST}: no immediate 503 at the concurrency that you mean to serve.`,
  }),
  'queue/thread-starvation': (_context, family) => ({
    first: [
      'Remove blocking calls from request handlers (synchronous waits on asynchronous work); threads are added at only one or two per second.',
      'Until then, raise the minimum number of threads to the concurrency of the burst.',
    ],
    commands:
      family === 'iis'
        ? [
            {
              gateway: 'member',
              title: 'runtimeconfig.json of the .NET application',
              text: '"configProperties": { "System.Threading.ThreadPool.MinThreads": 100 }',
            },
          ]
        : [],
    howToVerify: `${RERUN_BURST}: departures must keep up with arrivals from the start.`,
  }),
  'cold-start/idle': (context, family) => ({
    first: [
      `Keep the application on ${theMember(context)} started and loaded, so that nobody pays for its start${ofMeasured(context, 'coldUs')}.`,
      ...(family === 'iis'
        ? [
            'On every IIS member: start mode AlwaysRunning, no idle timeout and preload (needs the Windows feature Web-AppInit). Do this on members only: Application Initialization is known not to work together with ARR, so on the controller set only the idle timeout of its pool to 0.',
          ]
        : ['Set the minimum number of instances to one or more, and switch off idle suspension.']),
    ],
    last: ['Make the start itself cheaper: fewer modules, precompiled code, connections opened in the background.'],
    commands: keepWarmCommands(context, family),
    howToVerify:
      'Run the idle experiment again (gateprobe run <profile>): the first request after the gap must be as fast as a warm one.',
  }),
  'cold-start/recycle': (context, family) => ({
    first: [
      `Find what restarts ${theMember(context)} on a period (scheduled recycling, deploys, memory limits) and let the new process warm up before the old one ends.`,
    ],
    commands: keepWarmCommands(context, family),
    howToVerify: 'Watch for one full period (gateprobe monitor): no cold first request at the former instants.',
  }),
  'cold-start/connection': () => ({
    first: [
      'The application is warm; only connecting is slow after a pause. Keep connections open for longer than the usual pause, on the side that closes them first.',
    ],
    last: ['If the excess is in DNS or TLS, cache the name nearer and allow TLS session reuse.'],
    howToVerify:
      'Run the idle experiment again (gateprobe run <profile>): DNS, connect and TLS after the gap must be as short as on a new connection without a gap.',
  }),
  'member/none-available': (context) => ({
    first: [
      'Ask the members directly, now: if they answer, the gateway has taken them out wrongly (health check, error counting or drain); if not, they are really down.',
      "Correct the gateway's health check: path, expected status, Host header and timeout must be those of a healthy member.",
    ],
    last: [
      'Let the gateway keep at least one member in use when all look bad; a wrong health check then does not stop everything.',
    ],
    howToVerify: `${compareCommand(context)}: the gateway must answer whenever a member does.`,
  }),
  'member/errors': (context, family) => ({
    first: [
      `Read the error log of ${theMember(context)} at the times shown. Its peers answer the same requests, so look for what differs: version, configuration, certificate, disk, connection to the database.`,
      'Take it out of the gateway until it is mended.',
    ],
    commands: errorLogCommands(family),
    howToVerify: `${compareCommand(context)}: no error of its own may remain.`,
  }),
  'member/slow': (context, family) => ({
    first: [
      `Find what differs between ${theMember(context)} and its peers: processor, memory, disk, neighbours on the host, version, cold cache, distance to the database.`,
      'Give it less traffic, or take it out, until it is as fast as the others.',
    ],
    commands: slowWorkCommands(family),
    howToVerify: 'Run compare again (gateprobe run <profile>): its quantiles must lie within those of its peers.',
  }),
  'member/flapping': (context, family) => ({
    first: [
      `Find out why ${theMember(context)} goes up and down: restarts, memory kills, or a health check at the edge of its timeout.`,
      'Let the health check need several results in a row before it changes its mind.',
    ],
    commands: errorLogCommands(family),
    howToVerify: 'Watch it (gateprobe monitor): no change of state over the longest former period.',
  }),
  'member/skew': () => ({
    first: [
      'Compare weights, affinity and the algorithm with what is intended; long-lived connections and one large client behind a cookie skew the shares.',
    ],
    howToVerify: 'Run compare again with memberId in the profile: the shares must be those configured.',
  }),
  'application/error': (context, family) => ({
    first: [
      `Every member answers ${theRequests(context)} with this error, also directly: the gateway only passes it on. Read the application's log at the times shown.`,
      'Look at what all members share: the last release, the database, a service they call, a licence, a certificate, the clock.',
    ],
    commands: errorLogCommands(family),
    howToVerify: `${compareCommand(context)}: direct requests must succeed first; then nothing is left to do at the gateway.`,
  }),
  'application/slow': (context, family) => ({
    first: [
      `Direct requests are as slow as proxied ones: the gateway is not the cause. Profile ${theRequests(context)} on one member, database included.`,
      'Do not raise timers of the gateway for this, unless the work is meant to take that long.',
    ],
    commands: slowWorkCommands(family),
    howToVerify: `${compareCommand(context)}: direct times must come down; proxied ones follow.`,
  }),
  'stall/pause': (context, family) => ({
    first: [
      `Look on ${theMember(context)} for what stops everything at once: garbage collection, a lock, a full disk, a snapshot or a migration of the virtual machine.`,
    ],
    commands: slowWorkCommands(family),
    howToVerify: 'Run compare again (gateprobe run <profile>): no run of requests may end at one instant.',
  }),
};

function ofConcurrency(limit: number | undefined): string {
  return limit === undefined ? ' this concurrency' : ` ${Math.round(limit)} requests at once`;
}
