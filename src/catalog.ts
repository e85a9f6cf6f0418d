/** Everything pluggable, by name. Add a file, add a line. */
import { applicationError, applicationSlow } from './detectors/application.ts';
import { gatewayBuffering } from './detectors/buffering.ts';
import { cascade } from './detectors/cascade.ts';
import { certificateExpiring } from './detectors/certificate.ts';
import { changeErrors } from './detectors/change-errors.ts';
import { changeLatency } from './detectors/change-latency.ts';
import { coldConnection, coldIdle } from './detectors/cold-start.ts';
import {
  connectionRefused,
  connectionUnreachable,
  droppedBeforeResponse,
  droppedMidResponse,
} from './detectors/connection.ts';
import { delayedAck } from './detectors/delayed-ack.ts';
import type { Detector } from './detectors/detector.ts';
import { dnsFailed, dnsSlow } from './detectors/dns.ts';
import { memberFlapping } from './detectors/flapping.ts';
import { timeoutHeadroom } from './detectors/headroom.ts';
import { invalidResponse } from './detectors/invalid-response.ts';
import { keepAliveRace } from './detectors/keep-alive.ts';
import { listenBacklog } from './detectors/listen-backlog.ts';
import { memberErrors, memberSlow, noneAvailable } from './detectors/member.ts';
import { memberSkew } from './detectors/member-skew.ts';
import { periodicErrors } from './detectors/periodic-errors.ts';
import { portExhaustion } from './detectors/port-exhaustion.ts';
import { probeSaturated } from './detectors/probe.ts';
import { gatewayQueue, memberQueue } from './detectors/queue.ts';
import { gatewayQueueTimeout } from './detectors/queue-timeout.ts';
import { rateLimited } from './detectors/rate-limited.ts';
import { gatewayUnreachable, probeTimeout } from './detectors/reachability.ts';
import { recycle } from './detectors/recycle.ts';
import { rejected } from './detectors/rejected.ts';
import { retransmission } from './detectors/retransmission.ts';
import { retryDuplicate } from './detectors/retry-duplicate.ts';
import { silentIdleDrop } from './detectors/silent-idle-drop.ts';
import { stallPause } from './detectors/stall.ts';
import { synLoss } from './detectors/syn-loss.ts';
import { threadStarvation } from './detectors/thread-starvation.ts';
import { overhead } from './detectors/thresholds.ts';
import { gatewayResponseTimeout } from './detectors/timeout.ts';
import { gatewayConnectTimeout } from './detectors/timeout-connect.ts';
import { memberTimeout } from './detectors/timeout-member.ts';
import { middleboxTimeout } from './detectors/timeout-middlebox.ts';
import { gatewayReadTimeout } from './detectors/timeout-read.ts';
import { tlsFailed } from './detectors/tls.ts';
import { tlsSlow } from './detectors/tls-slow.ts';
import { together } from './detectors/together.ts';
import { fromHistoryOrLogs, fromLogs, withLogs } from './detectors/with-logs.ts';
import { burst } from './experiments/burst.ts';
import { compare } from './experiments/compare.ts';
import type { Experiment } from './experiments/experiment.ts';
import { idle } from './experiments/idle.ts';
import { keepAlive } from './experiments/keep-alive.ts';
import { ramp } from './experiments/ramp.ts';
import { timeout } from './experiments/timeout.ts';
import { volley } from './experiments/volley.ts';
import { apache } from './gateways/apache.ts';
import { arr } from './gateways/arr.ts';
import { awsAlb } from './gateways/aws-alb.ts';
import { azureApplicationGateway } from './gateways/azure-application-gateway.ts';
import { caddy } from './gateways/caddy.ts';
import { cloudflare } from './gateways/cloudflare.ts';
import { envoy } from './gateways/envoy.ts';
import type { Gateway } from './gateways/gateway.ts';
import { gcpLoadBalancer } from './gateways/gcp-load-balancer.ts';
import { generic } from './gateways/generic.ts';
import { haproxy } from './gateways/haproxy.ts';
import { iis } from './gateways/iis.ts';
import { nginx } from './gateways/nginx.ts';
import { traefik } from './gateways/traefik.ts';
import { varnish } from './gateways/varnish.ts';
import { yarp } from './gateways/yarp.ts';
import type { LogFormat } from './logs/format.ts';
import { apache as apacheLog } from './logs/formats/apache.ts';
import { apacheError as apacheErrorLog } from './logs/formats/apache-error.ts';
import { awsAlb as awsAlbLog } from './logs/formats/aws-alb.ts';
import { azureApplicationGateway as azureApplicationGatewayLog } from './logs/formats/azure-application-gateway.ts';
import { caddy as caddyLog } from './logs/formats/caddy.ts';
import { combined as combinedLog } from './logs/formats/combined.ts';
import { envoy as envoyLog } from './logs/formats/envoy.ts';
import { freb as frebLog } from './logs/formats/freb.ts';
import { gcp as gcpLog } from './logs/formats/gcp.ts';
import { haproxy as haproxyLog } from './logs/formats/haproxy.ts';
import { httperr as httperrLog } from './logs/formats/httperr.ts';
import { iisNative as iisNativeLog } from './logs/formats/iis-native.ts';
import { iisW3c as iisW3cLog } from './logs/formats/iis-w3c.ts';
import { nginx as nginxLog } from './logs/formats/nginx.ts';
import { nginxError as nginxErrorLog } from './logs/formats/nginx-error.ts';
import { traefik as traefikLog } from './logs/formats/traefik.ts';
import { varnish as varnishLog } from './logs/formats/varnish.ts';
import { varnishlog as varnishlogLog } from './logs/formats/varnishlog.ts';
import { windowsEvents as windowsEventsLog } from './logs/formats/windows-events.ts';
import type { CauseId } from './model/causes.ts';
import type { LogFormatId } from './model/log.ts';
import type { ExperimentKind, GatewayKind } from './model/profile.ts';
import { htmlWriter } from './report/html.ts';
import { jsonWriter } from './report/json.ts';
import { junitWriter } from './report/junit.ts';
import { markdownWriter } from './report/markdown.ts';
import { terminalWriter } from './report/terminal.ts';
import type { Writer } from './report/writer.ts';

export const EXPERIMENTS = { compare, ramp, burst, volley, idle, timeout, 'keep-alive': keepAlive } as Readonly<
  Record<ExperimentKind, Experiment>
>;

export const GATEWAYS: readonly Gateway[] = [
  arr,
  iis,
  nginx,
  haproxy,
  apache,
  envoy,
  varnish,
  caddy,
  traefik,
  yarp,
  awsAlb,
  azureApplicationGateway,
  gcpLoadBalancer,
  cloudflare,
];

/** Judge what was measured; with logs, what was logged about the same requests as well. */
const MEASURING: readonly Detector[] = [
  probeSaturated,
  gatewayUnreachable,
  gatewayResponseTimeout,
  gatewayReadTimeout,
  gatewayConnectTimeout,
  gatewayQueueTimeout,
  memberTimeout,
  middleboxTimeout,
  cascade,
  portExhaustion,
  noneAvailable,
  connectionRefused,
  connectionUnreachable,
  droppedBeforeResponse,
  droppedMidResponse,
  keepAliveRace,
  silentIdleDrop,
  threadStarvation,
  invalidResponse,
  dnsFailed,
  tlsFailed,
  memberQueue,
  gatewayQueue,
  listenBacklog,
  rejected,
  coldIdle,
  coldConnection,
  memberErrors,
  memberSlow,
  applicationError,
  applicationSlow,
  stallPause,
  delayedAck,
  retransmission,
  probeTimeout,
  retryDuplicate,
  overhead,
];

/** Judge what no line of a log shows. */
const MEASURING_ALONE: readonly Detector[] = [
  dnsSlow,
  tlsSlow,
  certificateExpiring,
  synLoss,
  rateLimited,
  memberSkew,
  gatewayBuffering,
];

/** Causes that only lines of the gateway and the members can show. */
const LOGGED: readonly CauseId[] = [
  'timeout/gateway-send',
  'timeout/gateway-resolve',
  'timeout/gateway-total',
  'gateway/overloaded',
  'log/unjoined',
];

/** Judge what shows over days only: without a history of the farm they have nothing to look at. */
const OVER_TIME: readonly Detector[] = [
  fromHistoryOrLogs(recycle),
  memberFlapping,
  together(changeLatency, timeoutHeadroom),
  together(changeErrors, periodicErrors),
];

export const DETECTORS: readonly Detector[] = [
  ...MEASURING.map(withLogs),
  ...MEASURING_ALONE,
  ...OVER_TIME,
  ...LOGGED.map(fromLogs),
];

/** From the special to the general: of formats that know a file equally well the first one wins. */
export const LOG_FORMATS: readonly LogFormat[] = [
  iisW3cLog,
  httperrLog,
  frebLog,
  windowsEventsLog,
  iisNativeLog,
  nginxErrorLog,
  apacheErrorLog,
  haproxyLog,
  envoyLog,
  awsAlbLog,
  azureApplicationGatewayLog,
  gcpLog,
  caddyLog,
  traefikLog,
  varnishlogLog,
  varnishLog,
  nginxLog,
  apacheLog,
  combinedLog,
];

const KIND_OF_FORMAT: Readonly<Record<LogFormatId, GatewayKind>> = {
  'iis-w3c': 'arr',
  'iis-native': 'arr',
  httperr: 'arr',
  freb: 'arr',
  'windows-events': 'arr',
  nginx: 'nginx',
  'nginx-error': 'nginx',
  haproxy: 'haproxy',
  apache: 'apache',
  'apache-error': 'apache',
  combined: 'unknown',
  envoy: 'envoy',
  caddy: 'caddy',
  traefik: 'traefik',
  varnish: 'varnish',
  varnishlog: 'varnish',
  'aws-alb': 'aws-alb',
  'azure-application-gateway': 'azure-application-gateway',
  gcp: 'gcp-load-balancer',
};

/** Kind of the gateway that writes a format; `unknown` for one that several write. */
export function kindOfFormat(format: LogFormatId): GatewayKind {
  return KIND_OF_FORMAT[format];
}

export const WRITERS: readonly Writer[] = [htmlWriter, jsonWriter, junitWriter, markdownWriter, terminalWriter];

/** The file of a kind of gateway; the generic one for kinds without a file. */
export function gatewayOf(kind: GatewayKind): Gateway {
  return GATEWAYS.find((gateway) => gateway.kind === kind) ?? generic;
}
