import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { asTimeSpan, remedyFromTable, timerSeconds } from './advice.ts';
import { headerLine, isBodyless, serverProduct } from './answer.ts';
import type { Gateway, Recognition, RemedyContext } from './gateway.ts';
import { strongest } from './mark.ts';
import { memberOrigin } from './member-address.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';
import { readYarpLog } from './yarp-log.ts';

/** YARP's errors are empty, and Kestrel puts its name on them. A Kestrel application may answer just so. */
function isBareError(answer: AnswerFacts): boolean {
  return (
    [502, 503, 504].includes(answer.status) &&
    serverProduct(answer) === 'Kestrel' &&
    isBodyless(answer) &&
    headerLine(answer, 'content-type') === undefined
  );
}

function recognise(answer: AnswerFacts): Recognition | undefined {
  return strongest(
    isBareError(answer) && answer.status !== 503
      ? { certainty: 0.35, because: `An empty ${answer.status} with Server: Kestrel, as YARP answers.` }
      : undefined,
    // No mark is YARP's own. Kestrel that answers through the gateway while no member is Kestrel is most likely YARP.
    serverProduct(answer) === 'Kestrel'
      ? { certainty: 0.25, because: 'The Server header says Kestrel, on which YARP runs.' }
      : undefined,
  );
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  if (isBareError(answer)) return answer.status === 503 ? undefined : true;
  const server = serverProduct(answer);
  // The member's Server header is passed on; Kestrel adds its own only where there is none.
  if (server !== undefined && server !== 'Kestrel') return false;
  return wroteItByProxyStatus(answer);
}

function cluster(text: string): Command {
  return { gateway: 'yarp', title: 'appsettings.json, ReverseProxy:Clusters:<cluster>', text };
}

const HEALTH =
  '"HealthCheck": {\n  "Active": { "Enabled": true, "Interval": "00:00:05", "Timeout": "00:00:02", "Policy": "ConsecutiveFailures", "Path": "/health" }\n}';

function destinations(context: RemedyContext): string {
  return `"Destinations": {\n  "a": { "Address": "${memberOrigin(context)}/" },\n  "b": { "Address": "http://<other>:<port>/" }\n}`;
}

const CONNECT: Command = {
  gateway: 'yarp',
  title: 'Program.cs (default 15 s)',
  text: 'builder.Services.AddReverseProxy()\n    .LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))\n    .ConfigureHttpClient((_, handler) => handler.ConnectTimeout = TimeSpan.FromSeconds(3));',
};

const LOGS: Command = {
  gateway: 'yarp',
  title: 'appsettings.json, Logging:LogLevel: the forwarder logs each error with its kind',
  text: '"Yarp.ReverseProxy.Forwarder.HttpForwarder": "Information"',
};

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'ActivityTimeout (100 s by default) counts between two signs of life; a Timeout on the route limits the whole request.',
    ],
    commands: [
      cluster(`"HttpRequest": { "ActivityTimeout": "${asTimeSpan(timerSeconds(context, 100 * US_PER_SEC))}" }`),
    ],
  }),
  'timeout/gateway-read': (context) => ({
    commands: [
      cluster(`"HttpRequest": { "ActivityTimeout": "${asTimeSpan(timerSeconds(context, 100 * US_PER_SEC))}" }`),
    ],
  }),
  'timeout/gateway-connect': () => ({ commands: [CONNECT, cluster(HEALTH)] }),
  'queue/gateway': () => ({
    steps: [
      'YARP has no queue unless MaxConnectionsPerServer lets requests wait for a connection; look for blocking code in its pipeline, too.',
    ],
    commands: [cluster('"HttpClient": { "MaxConnectionsPerServer": 1024, "EnableMultipleHttp2Connections": true }')],
  }),
  'queue/member': () => ({ commands: [cluster('"LoadBalancingPolicy": "LeastRequests"')] }),
  'queue/rejected': () => ({
    steps: [
      'A 503 of YARP itself means that no destination is available; limits of Kestrel refuse connections, not requests.',
    ],
    commands: [
      {
        gateway: 'yarp',
        title: 'appsettings.json',
        text: '"Kestrel": { "Limits": { "MaxConcurrentConnections": 20000 } }',
      },
    ],
  }),
  'cold-start/idle': () => ({
    steps: ['Active health checks keep the application awake, as long as they come more often than its idle timeout.'],
    commands: [cluster(HEALTH)],
  }),
  'cold-start/connection': () => ({
    commands: [
      {
        gateway: 'yarp',
        title: 'Program.cs: keep idle connections, for less time than the members do',
        text: '.ConfigureHttpClient((_, handler) => handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(110));',
      },
    ],
  }),
  'connection/refused': (context) => ({ commands: [cluster(destinations(context)), cluster(HEALTH)] }),
  'connection/unreachable': (context) => ({ commands: [CONNECT, cluster(destinations(context)), cluster(HEALTH)] }),
  'connection/dropped-before-response': () => ({
    steps: ['YARP repeats nothing by itself.'],
    commands: [
      {
        gateway: 'yarp',
        title: "Program.cs, if it happens after pauses: shorter than the member's idle timeout",
        text: '.ConfigureHttpClient((_, handler) => handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4));',
      },
      LOGS,
    ],
  }),
  'connection/dropped-mid-response': () => ({ commands: [LOGS] }),
  'member/none-available': () => ({
    commands: [cluster('"HealthCheck": {\n  "AvailableDestinationsPolicy": "HealthyOrPanic"\n}'), LOGS],
  }),
  'member/slow': () => ({ commands: [cluster('"LoadBalancingPolicy": "LeastRequests"')] }),
  'member/errors': () => ({ commands: [cluster(HEALTH), LOGS] }),
  'application/error': () => ({ commands: [LOGS] }),
  'gateway/cascade': () => ({
    steps: [
      'Passive health checks (off by default) take destinations out for user requests: let them need several failures.',
    ],
    commands: [
      cluster(
        '"HealthCheck": {\n  "AvailableDestinationsPolicy": "HealthyOrPanic",\n  "Passive": { "Enabled": true, "Policy": "TransportFailureRate", "ReactivationPeriod": "00:00:10" }\n}',
      ),
    ],
  }),
  'gateway/unreachable': () => ({
    commands: [
      {
        gateway: 'yarp',
        title: 'On the gateway, Windows',
        text: 'Get-NetTCPConnection -State Listen -LocalPort 80,443',
      },
      {
        gateway: 'yarp',
        title: 'On the gateway, Linux',
        text: "ss -ltnp 'sport = :80 or sport = :443'\njournalctl -u <service> --since -1h",
      },
    ],
  }),
  'gateway/overhead': () => ({
    commands: [
      {
        gateway: 'yarp',
        title: 'appsettings.json, Logging:LogLevel: two lines per request are written at Information',
        text: '"Yarp": "Warning",\n"Microsoft.AspNetCore": "Warning"',
      },
    ],
  }),
};

/** YARP (Yet Another Reverse Proxy) on Kestrel. Marks and behaviour from its source and documentation. */
export const yarp: Gateway = {
  kind: 'yarp',
  title: 'YARP',
  recognise,
  wroteIt,
  codes: proxyStatusCodes,
  readLog: readYarpLog,
  ejection: {
    slowRequest: 'never',
    because: 'Passive health checks are off by default, and YARP repeats no request.',
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'wait for a sign of life',
      directive: 'HttpRequest.ActivityTimeout',
      defaultUs: 100 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-read',
      name: 'wait for a sign of life',
      directive: 'HttpRequest.ActivityTimeout',
      defaultUs: 100 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the member',
      directive: 'SocketsHttpHandler.ConnectTimeout',
      defaultUs: 15 * US_PER_SEC,
    },
  ],
  remedy: (context) => remedyFromTable('yarp', ADVICE, context),
};
