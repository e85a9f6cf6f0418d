import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { remedyFromTable, timerSeconds } from './advice.ts';
import { bodyStart, headerValues, serverProduct } from './answer.ts';
import { readAlbLog } from './aws-alb-log.ts';
import type { Gateway, Recognition, RemedyContext } from './gateway.ts';
import { strongest } from './mark.ts';
import { memberAddress } from './member-address.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';

const PRODUCT = /^awselb\//;
// nginx's page without the rule and the name below it.
const PAGE =
  /^<html>\s*<head><title>\d{3} [^<]+<\/title><\/head>\s*<body[^>]*>\s*<center><h1>\d{3} [^<]+<\/h1><\/center>\s*<\/body>/;
const COOKIE = /^AWSALB(?:APP-\d+|TG)?(?:CORS)?=/;

function recognise(answer: AnswerFacts): Recognition | undefined {
  const server = serverProduct(answer);
  return strongest(
    server !== undefined && PRODUCT.test(server)
      ? { certainty: 0.97, because: `The Server header says ${server}, as on answers of an AWS load balancer itself.` }
      : undefined,
    headerValues(answer, 'set-cookie').some((cookie) => COOKIE.test(cookie))
      ? { certainty: 0.85, because: 'A stickiness cookie of AWS load balancers (AWSALB…) is set.' }
      : undefined,
    answer.status >= 400 && server === undefined && PAGE.test(bodyStart(answer))
      ? { certainty: 0.4, because: 'The error page is that of AWS load balancers, without a Server header.' }
      : undefined,
  );
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  const server = serverProduct(answer);
  if (server !== undefined && PRODUCT.test(server)) return true;
  if (answer.status < 400) return undefined;
  // The balancer passes the Server header of a target on and adds none of its own to it.
  return server === undefined ? wroteItByProxyStatus(answer) : false;
}

function aws(title: string, text: string): Command {
  return { gateway: 'aws-alb', title, text };
}

function balancer(title: string, attributes: string): Command {
  return aws(
    title,
    `aws elbv2 modify-load-balancer-attributes --load-balancer-arn <alb-arn> --attributes ${attributes}`,
  );
}

function group(title: string, attributes: string): Command {
  return aws(
    title,
    `aws elbv2 modify-target-group-attributes --target-group-arn <group-arn> --attributes ${attributes}`,
  );
}

const HEALTH = aws(
  'Health of the targets, and a quicker check',
  'aws elbv2 describe-target-health --target-group-arn <group-arn>\naws elbv2 modify-target-group --target-group-arn <group-arn> --health-check-path /health --health-check-interval-seconds 10 --health-check-timeout-seconds 5 --healthy-threshold-count 2 --unhealthy-threshold-count 2',
);
const REACH = (context: RemedyContext): Command =>
  aws(
    "May the balancer reach the target's port? Targets' security group, and both network ACLs (answers go to ports 1024-65535)",
    `aws ec2 describe-security-groups --group-ids <targets-security-group>\naws ec2 authorize-security-group-ingress --group-id <targets-security-group> --protocol tcp --port ${memberAddress(context).port} --source-group <alb-security-group>`,
  );
const LOGS = balancer(
  'Access logs: target_status_code is empty where the balancer made the error',
  'Key=access_logs.s3.enabled,Value=true Key=access_logs.s3.bucket,Value=<bucket>',
);
const LEAST = group(
  'Send to the target with the fewest open requests',
  'Key=load_balancing.algorithm.type,Value=least_outstanding_requests',
);
const OUT = aws(
  'Take this target out (register-targets puts it back)',
  'aws elbv2 deregister-targets --target-group-arn <group-arn> --targets Id=<target-id>',
);

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'The idle timer of the balancer (60 s, at most 4,000 s) counts time without a byte, to clients and to targets alike; it ends in 504.',
    ],
    commands: [
      balancer(
        'Idle timer (default 60 s)',
        `Key=idle_timeout.timeout_seconds,Value=${timerSeconds(context, 60 * US_PER_SEC)}`,
      ),
    ],
  }),
  'timeout/gateway-read': (context) => ({
    commands: [
      balancer(
        'Idle timer (default 60 s)',
        `Key=idle_timeout.timeout_seconds,Value=${timerSeconds(context, 60 * US_PER_SEC)}`,
      ),
    ],
  }),
  'timeout/gateway-connect': (context) => ({
    steps: [
      'The connect timer of the balancer is 10 s and cannot be changed: what can be changed is why the target does not answer.',
    ],
    commands: [REACH(context), HEALTH],
  }),
  'queue/gateway': () => ({
    steps: [
      'The balancer keeps no queue; it grows by itself, but not within seconds. Before a known peak, reserve capacity.',
    ],
    commands: [
      aws(
        'Reserve capacity units',
        'aws elbv2 modify-capacity-reservation --load-balancer-arn <alb-arn> --minimum-load-balancer-capacity CapacityUnits=<units>',
      ),
      LEAST,
    ],
  }),
  'queue/member': () => ({ commands: [LEAST] }),
  'queue/rejected': () => ({
    steps: [
      '503 without a target in the log means that the target group is empty; the balancer itself does not refuse by number of requests.',
    ],
    commands: [HEALTH, LOGS],
  }),
  'cold-start/idle': () => ({
    steps: ['Health checks keep targets awake as long as they ask for a page of the application.'],
    commands: [HEALTH, group('Let new targets warm up', 'Key=slow_start.duration_seconds,Value=60')],
  }),
  'cold-start/connection': () => ({
    steps: ['Connections of the balancer to its targets cannot be tuned; those of clients can.'],
    commands: [balancer('Keep connections of clients (default 3,600 s)', 'Key=client_keep_alive.seconds,Value=3600')],
  }),
  'connection/refused': (context) => ({ commands: [HEALTH, REACH(context)] }),
  'connection/unreachable': (context) => ({ commands: [REACH(context), HEALTH] }),
  'connection/dropped-before-response': () => ({
    steps: [
      "If it happens after pauses, the target's keep-alive timer is shorter than the idle timer of the balancer (60 s): raise the target's above it.",
    ],
    commands: [LOGS],
  }),
  'connection/keep-alive-race': () => ({
    steps: [
      'The balancer keeps idle connections to targets for its idle timer (60 s by default): the keep-alive timer of the target must be longer.',
    ],
    commands: [
      aws(
        'The idle timer as it is',
        'aws elbv2 describe-load-balancer-attributes --load-balancer-arn <alb-arn> --query "Attributes[?Key==\'idle_timeout.timeout_seconds\']"',
      ),
    ],
  }),
  'connection/dropped-mid-response': () => ({
    steps: ['A Content-Length that is longer than the body ends in 504 after the idle timer.'],
    commands: [LOGS],
  }),
  'member/none-available': () => ({
    steps: [
      'When all targets are unhealthy the balancer sends to all of them; 503 comes only when none is registered in an enabled zone.',
    ],
    commands: [HEALTH],
  }),
  'member/slow': () => ({ commands: [LEAST, OUT] }),
  'member/errors': () => ({ commands: [OUT, LOGS] }),
  'application/error': () => ({ commands: [LOGS] }),
  'gateway/cascade': () => ({
    steps: [
      'User requests take no target out, and the balancer repeats none: look for a health check that fails under load.',
    ],
    commands: [
      aws(
        'A health check that needs more failures',
        'aws elbv2 modify-target-group --target-group-arn <group-arn> --unhealthy-threshold-count 5 --health-check-timeout-seconds 10 --health-check-interval-seconds 15',
      ),
    ],
  }),
  'gateway/unreachable': () => ({
    commands: [
      aws(
        'State, listeners and security groups of the balancer',
        'aws elbv2 describe-load-balancers --load-balancer-arns <alb-arn>\naws elbv2 describe-listeners --load-balancer-arn <alb-arn>',
      ),
    ],
  }),
  'gateway/overhead': () => ({
    steps: ['Traffic between zones adds about a millisecond; a balancer in the zones of its targets avoids it.'],
    commands: [group('Keep requests in their zone', 'Key=load_balancing.cross_zone.enabled,Value=false')],
  }),
};

/** AWS Application Load Balancer. Behaviour from the documentation of AWS, marks from public reports of answers. */
export const awsAlb: Gateway = {
  kind: 'aws-alb',
  title: 'AWS Application Load Balancer',
  recognise,
  wroteIt,
  codes: proxyStatusCodes,
  readLog: readAlbLog,
  ejection: {
    slowRequest: 'never',
    because:
      'Only health checks take a target out, unless anomaly mitigation is on, and the balancer repeats no request.',
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'idle timer',
      directive: 'idle_timeout.timeout_seconds',
      defaultUs: 60 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-read',
      name: 'idle timer',
      directive: 'idle_timeout.timeout_seconds',
      defaultUs: 60 * US_PER_SEC,
    },
    { cause: 'timeout/gateway-connect', name: 'connect to the target', directive: 'fixed', defaultUs: 10 * US_PER_SEC },
  ],
  remedy: (context) => remedyFromTable('aws-alb', ADVICE, context),
};
