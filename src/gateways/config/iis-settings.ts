/**
 * Settings of IIS, ARR and the ASP.NET Core module that shape waiting, starting and refusing. Defaults are those of the schema files that
 * IIS installs (IIS_schema.xml, arr_schema.xml, webfarm.xml, aspnetcore_schema_v2.xml) and of the configuration reference.
 */
import type { SettingMeaning } from '../../model/declared.ts';
import { type TimeReader, timeSpan, type ValueKind, wholeSeconds } from './values.ts';

/** An attribute of an element below the one that a table is about. */
export type Attribute = {
  readonly path: readonly string[];
  readonly name: string;
  readonly meaning: SettingMeaning;
  readonly kind: ValueKind;
  readonly byDefault?: string;
  readonly readTime?: TimeReader;
};

function time(path: string, name: string, meaning: SettingMeaning, byDefault?: string): Attribute {
  return row(path, name, meaning, 'time', byDefault);
}
function count(path: string, name: string, meaning: SettingMeaning, byDefault?: string): Attribute {
  return row(path, name, meaning, 'count', byDefault);
}
function flag(path: string, name: string, meaning: SettingMeaning, byDefault?: string): Attribute {
  return row(path, name, meaning, 'switch', byDefault);
}
function word(path: string, name: string, meaning: SettingMeaning, byDefault?: string): Attribute {
  return row(path, name, meaning, 'text', byDefault);
}
function seconds(path: string, name: string, meaning: SettingMeaning, byDefault?: string): Attribute {
  return { ...time(path, name, meaning, byDefault), readTime: wholeSeconds };
}
function row(path: string, name: string, meaning: SettingMeaning, kind: ValueKind, byDefault?: string): Attribute {
  const steps = path === '' ? [] : path.split('/');
  return { path: steps, name, meaning, kind, readTime: timeSpan, ...(byDefault === undefined ? {} : { byDefault }) };
}

/** Below `applicationPools/add`. */
export const POOL: readonly Attribute[] = [
  count('', 'queueLength', 'queue-length', '1000'),
  word('', 'startMode', 'start-mode', 'OnDemand'),
  flag('', 'autoStart', 'enabled', 'true'),
  time('processModel', 'idleTimeout', 'pool-idle-timeout', '00:20:00'),
  word('processModel', 'idleTimeoutAction', 'enabled', 'Terminate'),
  count('processModel', 'maxProcesses', 'workers', '1'),
  time('processModel', 'startupTimeLimit', 'start-timeout', '00:01:30'),
  time('processModel', 'shutdownTimeLimit', 'stop-timeout', '00:01:30'),
  time('recycling/periodicRestart', 'time', 'recycle-period', '1.05:00:00'),
  count('recycling/periodicRestart', 'requests', 'recycle-other', '0'),
  count('recycling/periodicRestart', 'memory', 'recycle-other', '0'),
  count('recycling/periodicRestart', 'privateMemory', 'recycle-other', '0'),
  flag('recycling', 'disallowOverlappingRotation', 'recycle-other', 'false'),
  flag('failure', 'rapidFailProtection', 'ejection', 'true'),
  count('failure', 'rapidFailProtectionMaxCrashes', 'ejection', '5'),
  time('failure', 'rapidFailProtectionInterval', 'ejection-time', '00:05:00'),
  word('failure', 'loadBalancerCapabilities', 'ejection', 'HttpLevel'),
];

/** Below `sites/site`. */
export const SITE: readonly Attribute[] = [
  time('limits', 'connectionTimeout', 'keep-alive-client', '00:02:00'),
  count('limits', 'maxConnections', 'max-connections', '4294967295'),
  flag('', 'serverAutoStart', 'enabled', 'true'),
];
/** Below `sites/site/application`. */
export const APPLICATION: readonly Attribute[] = [flag('', 'preloadEnabled', 'preload', 'false')];

/** Below `webFarms/webFarm`. */
export const FARM: readonly Attribute[] = [
  flag('', 'enabled', 'enabled', 'true'),
  time('applicationRequestRouting/protocol', 'timeout', 'response-timeout', '00:00:30'),
  flag('applicationRequestRouting/protocol', 'keepAlive', 'keep-alive-use', 'true'),
  count('applicationRequestRouting/protocol', 'minResponseBuffer', 'buffer-size', '256'),
  count('applicationRequestRouting/protocol', 'maxResponseHeaderSize', 'buffer-size', '65536'),
  word('applicationRequestRouting/loadBalancing', 'algorithm', 'balancing', 'WeightedRoundRobin'),
  flag('applicationRequestRouting/affinity', 'useCookie', 'affinity', 'false'),
  word('applicationRequestRouting/healthCheck', 'url', 'health-check', ''),
  word('applicationRequestRouting/healthCheck', 'liveTrafficFailureCodes', 'ejection', '500-'),
  count('applicationRequestRouting/healthCheck', 'maxLiveTrafficFailures', 'ejection', '10'),
  time('applicationRequestRouting/healthCheck', 'liveTrafficFailurePeriod', 'ejection-time', '00:00:00'),
];
/** Only where a health test is asked for. */
export const FARM_HEALTH: readonly Attribute[] = [
  time('applicationRequestRouting/healthCheck', 'interval', 'health-interval', '00:00:30'),
  time('applicationRequestRouting/healthCheck', 'timeout', 'health-timeout', '00:00:30'),
  count('applicationRequestRouting/healthCheck', 'retries', 'ejection', '3'),
  word('applicationRequestRouting/healthCheck', 'statusCodeMatch', 'health-match', '200-399'),
];
/** Both kinds of health watch. */
export const FARM_MINIMUM: Attribute = count(
  'applicationRequestRouting/healthCheck',
  'minServers',
  'health-minimum',
  '0',
);

/** `system.webServer/proxy`: rewriting to a server without a farm. */
export const PROXY: readonly Attribute[] = [
  flag('', 'enabled', 'enabled', 'false'),
  time('', 'timeout', 'response-timeout', '00:02:00'),
  flag('', 'keepAlive', 'keep-alive-use', 'true'),
  count('', 'minResponseBuffer', 'buffer-size', '256'),
  count('', 'maxResponseHeaderSize', 'buffer-size', '65536'),
];

/** Elements of `system.webServer` and `system.web` that limit an application, by their path. */
export const MODULES: readonly { readonly path: readonly string[]; readonly rows: readonly Attribute[] }[] = [
  {
    path: ['system.webServer', 'aspNetCore'],
    rows: [
      time('', 'requestTimeout', 'app-timeout', '00:02:00'),
      seconds('', 'startupTimeLimit', 'start-timeout', '120'),
      seconds('', 'shutdownTimeLimit', 'stop-timeout', '10'),
      count('', 'rapidFailsPerMinute', 'ejection', '10'),
      count('', 'processesPerApplication', 'workers', '1'),
    ],
  },
  {
    path: ['system.webServer', 'httpPlatform'],
    rows: [
      time('', 'requestTimeout', 'app-timeout', '00:02:00'),
      seconds('', 'startupTimeLimit', 'start-timeout', '10'),
      count('', 'rapidFailsPerMinute', 'ejection', '10'),
    ],
  },
  { path: ['system.web', 'httpRuntime'], rows: [seconds('', 'executionTimeout', 'app-timeout', '110')] },
  {
    path: ['system.webServer', 'serverRuntime'],
    rows: [count('', 'appConcurrentRequestLimit', 'max-connections', '5000')],
  },
  { path: ['system.webServer', 'cgi'], rows: [time('', 'timeout', 'app-timeout', '00:15:00')] },
  {
    path: ['system.webServer', 'asp', 'limits'],
    rows: [
      time('', 'scriptTimeout', 'app-timeout', '00:01:30'),
      time('', 'queueTimeout', 'queue-timeout', '00:00:00'),
      count('', 'requestQueueMax', 'queue-length', '3000'),
    ],
  },
  {
    path: ['system.applicationHost', 'webLimits'],
    rows: [
      time('', 'connectionTimeout', 'keep-alive-client'),
      time('', 'headerWaitTimeout', 'client-timeout', '00:00:00'),
    ],
  },
];
/** Below `system.webServer/fastCgi/application`. */
export const FAST_CGI: readonly Attribute[] = [
  seconds('', 'activityTimeout', 'app-timeout', '70'),
  seconds('', 'requestTimeout', 'app-timeout', '90'),
  seconds('', 'idleTimeout', 'pool-idle-timeout', '300'),
  count('', 'instanceMaxRequests', 'recycle-other', '200'),
  count('', 'queueLength', 'queue-length', '1000'),
  count('', 'maxInstances', 'workers', '0'),
];
