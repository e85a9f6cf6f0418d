/** Everything pluggable, by name. Add a file, add a line. */
import { applicationError, applicationSlow } from './detectors/application.ts';
import { cascade } from './detectors/cascade.ts';
import { coldConnection, coldIdle } from './detectors/cold-start.ts';
import {
  connectionRefused,
  connectionUnreachable,
  droppedBeforeResponse,
  droppedMidResponse,
} from './detectors/connection.ts';
import type { Detector } from './detectors/detector.ts';
import { memberErrors, memberSlow, noneAvailable } from './detectors/member.ts';
import { probeSaturated } from './detectors/probe.ts';
import { gatewayQueue, memberQueue } from './detectors/queue.ts';
import { gatewayUnreachable, probeTimeout } from './detectors/reachability.ts';
import { rejected } from './detectors/rejected.ts';
import { overhead } from './detectors/thresholds.ts';
import { gatewayConnectTimeout, gatewayResponseTimeout } from './detectors/timeout.ts';
import { burst } from './experiments/burst.ts';
import { compare } from './experiments/compare.ts';
import type { Experiment } from './experiments/experiment.ts';
import { idle } from './experiments/idle.ts';
import { ramp } from './experiments/ramp.ts';
import { timeout } from './experiments/timeout.ts';
import { volley } from './experiments/volley.ts';
import { apache } from './gateways/apache.ts';
import { arr } from './gateways/arr.ts';
import { caddy } from './gateways/caddy.ts';
import { envoy } from './gateways/envoy.ts';
import type { Gateway } from './gateways/gateway.ts';
import { generic } from './gateways/generic.ts';
import { haproxy } from './gateways/haproxy.ts';
import { nginx } from './gateways/nginx.ts';
import { traefik } from './gateways/traefik.ts';
import { varnish } from './gateways/varnish.ts';
import { yarp } from './gateways/yarp.ts';
import type { ExperimentKind, GatewayKind } from './model/profile.ts';
import { htmlWriter } from './report/html.ts';
import { jsonWriter } from './report/json.ts';
import { junitWriter } from './report/junit.ts';
import { markdownWriter } from './report/markdown.ts';
import { terminalWriter } from './report/terminal.ts';
import type { Writer } from './report/writer.ts';

export const EXPERIMENTS = { compare, ramp, burst, volley, idle, timeout } as Readonly<
  Record<ExperimentKind, Experiment>
>;

export const GATEWAYS: readonly Gateway[] = [arr, nginx, haproxy, apache, envoy, varnish, caddy, traefik, yarp];

export const DETECTORS: readonly Detector[] = [
  probeSaturated,
  gatewayUnreachable,
  gatewayResponseTimeout,
  gatewayConnectTimeout,
  cascade,
  noneAvailable,
  connectionRefused,
  connectionUnreachable,
  droppedBeforeResponse,
  droppedMidResponse,
  memberQueue,
  gatewayQueue,
  rejected,
  coldIdle,
  coldConnection,
  memberErrors,
  memberSlow,
  applicationError,
  applicationSlow,
  probeTimeout,
  overhead,
];

export const WRITERS: readonly Writer[] = [htmlWriter, jsonWriter, junitWriter, markdownWriter, terminalWriter];

/** The file of a kind of gateway; the generic one for kinds without a file. */
export function gatewayOf(kind: GatewayKind): Gateway {
  return GATEWAYS.find((gateway) => gateway.kind === kind) ?? generic;
}
