/** What to switch on so that the next join proves more: one sentence and the exact command. */
import type { ClockEstimate, LogEvidence, LogSourceSummary } from '../model/journey.ts';
import { quarterHours, takesZone, zoneText } from './zone-offset.ts';

type Advice = LogEvidence['preflight'][number];

const SITE = "[name='<site>']";
const IIS_FIELDS =
  'Date,Time,ClientIP,UserName,ServerIP,Method,UriStem,UriQuery,TimeTaken,HttpStatus,Win32Status,ServerPort,UserAgent,HttpSubStatus,Referer,BytesSent,BytesRecv,Host';

const FIELDS_COMMAND = `appcmd.exe set config -section:system.applicationHost/sites "/${SITE}.logFile.logExtFileFlags:${IIS_FIELDS}" /commit:apphost`;
const ARR_FIELD = `appcmd.exe set config -section:system.applicationHost/sites /+"${SITE}.logFile.customFields.[logFieldName='X-ARR-LOG-ID',sourceName='X-ARR-LOG-ID',sourceType='RequestHeader']" /commit:apphost`;
/** Both are recognised without a pattern: the combined format, and keys behind it that `nginx` and `apache` know. */
export const NGINX_FORMAT =
  'log_format probe \'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" rt=$request_time uct="$upstream_connect_time" uht="$upstream_header_time" urt="$upstream_response_time" ua="$upstream_addr" us="$upstream_status" conn=$connection/$connection_requests rid=$request_id msec=$msec\';';
export const APACHE_FORMAT =
  'LogFormat "%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\" D=%D X=%X L=%L w=%{BALANCER_WORKER_NAME}e ps=%{proxy-status}n notes=\\"%{error-notes}n\\" b=%{begin:usec}t e=%{end:usec}t" probe';
/** What only a gateway can log: a member is not asked for it. */
const OF_GATEWAYS = /upstream_|BALANCER_WORKER_NAME|proxy-status|error-notes/;

/** In the order in which it pays. */
export function preflight(
  sources: readonly LogSourceSummary[],
  clocks: readonly ClockEstimate[],
  withArrIds: ReadonlySet<number>,
  withoutSizes: ReadonlySet<number> = new Set(),
): readonly Advice[] {
  const hasArrGateway = sources.some(({ role, format }) => role === 'gateway' && format === 'iis-w3c');
  return sources.flatMap((source): Advice[] => {
    const { index, role, format, missing, member } = source;
    const who = role === 'member' ? (member ?? 'the member') : 'the gateway';
    const advice: Advice[] = [...zoneAdvice(source, clocks)];
    if (format === 'iis-w3c' && missing.length > 0)
      advice.push({
        source: index,
        what: `The log of ${who} has no ${missing.join(', ')}.`,
        command: FIELDS_COMMAND,
      });
    else if (format === 'iis-w3c' && role === 'gateway' && withoutSizes.has(index) && hasSlowAnswers(source))
      advice.push({
        source: index,
        what: 'The log of the gateway has no sc-bytes: of slow answers it cannot be told whether they waited in the gateway or for a slow client.',
        command: FIELDS_COMMAND,
      });
    if (format === 'iis-w3c' && role === 'member' && hasArrGateway && !withArrIds.has(index))
      advice.push({
        source: index,
        what: `The log of ${who} has no X-ARR-LOG-ID, so its lines are matched by path and time only.`,
        command: ARR_FIELD,
      });
    if (format === 'combined')
      advice.push({
        source: index,
        what: `The log of ${who} does not say how long a request took${role === 'gateway' ? ' and what became of it at the member' : ''}.`,
        command: `nginx: ${NGINX_FORMAT}\nApache: ${APACHE_FORMAT}`,
      });
    const lacking = role === 'member' ? missing.filter((name) => !OF_GATEWAYS.test(name)) : missing;
    if ((format === 'nginx' || format === 'apache') && lacking.length > 0)
      advice.push({
        source: index,
        what: `The log of ${who} has no ${lacking.join(', ')}.`,
        command: format === 'apache' ? APACHE_FORMAT : NGINX_FORMAT,
      });
    return advice;
  });
}

/** What a finding calls slow (detectors/logged-candidates.ts): a second, and five times the usual. One answer in a hundred is. */
function hasSlowAnswers({ okDurationUs }: LogSourceSummary): boolean {
  return okDurationUs !== undefined && okDurationUs.p99 >= Math.max(1_000_000, 5 * okDurationUs.p50);
}

const ZONE_SLACK_US = 5_000_000;

/** A log whose times are off by whole quarters of an hour is in another zone than was said. */
function zoneAdvice(
  { index, role, member, format }: LogSourceSummary,
  clocks: readonly ClockEstimate[],
): readonly Advice[] {
  const clock = clocks.find(({ source, known }) => source === index && known);
  const quarters = quarterHours(clock?.offsetUs ?? 0, ZONE_SLACK_US);
  if (quarters === 0) return [];
  const zone = zoneText(quarters);
  const who = role === 'member' ? (member ?? 'the member') : 'the gateway';
  return [
    {
      source: index,
      what: takesZone(format)
        ? `The times in a log of ${who} are ${zone} from the others: they are local times, or the clock is wrong.`
        : `The times in a log of ${who} are ${zone} from the others, and say that they are UTC or which zone they are of: its clock is wrong.`,
      // What the programs print says whether the machine is in step.
      command: takesZone(format)
        ? `timezone: "${zone}"`
        : 'Windows: w32tm /query /status\nLinux: timedatectl timesync-status',
    },
  ];
}
