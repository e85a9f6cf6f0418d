/** Findings for the sample reports, worded as detectors word them. */
import type { Finding } from '../../src/model/finding.ts';
import { burstRamp, failedRequests, idleGaps, timeoutPlane, timerTable } from './sample-exhibits.ts';

export function timeoutFinding(): Finding {
  return {
    cause: 'timeout/gateway-response',
    scope: { route: 'gateway', requestName: 'report' },
    severity: 'critical',
    confidence: 'confirmed',
    title: 'The gateway gives up after 2 s: every request to /report that takes longer ends as 502.3.',
    meaning:
      'The response timer of the gateway is shorter than the work. 74 failures stand within 13 ms of each other at 2.01 s; direct requests take up to 4.2 s and succeed.',
    measured: {
      timeoutUs: { value: 2_004_300, low: 2_001_900, high: 2_006_800 },
      directP99Us: { value: 3_910_000, low: 3_600_000 },
      errorRatio: { value: 0.0313, low: 0.0246, high: 0.0392 },
    },
    expected: 'A timer above the slowest good answer: at least 5 s here.',
    affected: { count: 74, of: 2_400 },
    rivals: [
      {
        cause: 'timeout/member',
        whyNot: 'Asked directly, the members answer the same requests after up to 4.2 s with 200.',
      },
      {
        cause: 'queue/gateway',
        whyNot: 'Failures do not depend on the rate: they begin with the first slow request of the run.',
      },
      { cause: 'timeout/probe', whyNot: 'The limit of the probe was 30 s.' },
    ],
    exhibits: [timeoutPlane(1_200), timerTable(), failedRequests(74, '502.3')],
    remedy: {
      steps: [
        'Raise the proxy timeout of the farm to 10 s: above the slowest good answer seen directly (4.2 s), with room.',
        'Or make /report faster than 2 s.',
      ],
      commands: [
        {
          gateway: 'arr',
          title: 'Proxy timeout of the server farm, as administrator on the ARR server',
          text: '%windir%\\system32\\inetsrv\\appcmd.exe set config -section:webFarms /[name=\'shop-farm\'].applicationRequestRouting.protocol.timeout:"00:00:10" /commit:apphost',
        },
        {
          gateway: 'arr',
          title: 'The same in PowerShell',
          text: "Set-WebConfigurationProperty -PSPath 'MACHINE/WEBROOT/APPHOST' `\n  -Filter \"webFarms/webFarm[@name='shop-farm']/applicationRequestRouting/protocol\" `\n  -Name timeout -Value '00:00:10'",
        },
      ],
      howToVerify: 'Run the same profile with the same seed: /report?ms=2200 must answer 200 through the gateway.',
    },
  };
}

export function raceFinding(): Finding {
  return {
    cause: 'connection/keep-alive-race',
    scope: { route: 'gateway', member: 'web2' },
    severity: 'error',
    confidence: 'likely',
    title:
      'web2 closes idle connections after 5 s, while the gateway keeps them for 60 s: 0.4 % of requests meet a closing connection.',
    meaning:
      'A request that is sent in the moment in which the member closes gets no answer. Pause and elapsed time add up to 5 s each time.',
    measured: {
      memberIdleTimeoutUs: { value: 5_001_000, low: 4_998_000, high: 5_004_000 },
      gatewayPoolIdleUs: { value: 60_000_000 },
      errorRatio: { value: 0.0042, low: 0.0019, high: 0.0079 },
    },
    affected: { count: 9, of: 2_160 },
    rivals: [
      {
        cause: 'connection/dropped-before-response',
        whyNot: 'No failure on a new connection, nor at any other pause.',
      },
    ],
    exhibits: [failedRequests(9, '502.3')],
    remedy: {
      steps: ['Let web2 keep idle connections longer than the gateway does: at least 75 s.'],
      commands: [
        {
          gateway: 'member',
          title: 'Kestrel, appsettings.json of web2',
          text: '{ "Kestrel": { "Limits": { "KeepAliveTimeout": "00:01:15" } } }',
        },
      ],
      howToVerify: 'Run the keep-alive experiment again: web2 must hold an idle connection for 75 s.',
    },
  };
}

export function coldFinding(): Finding {
  return {
    cause: 'cold-start/idle',
    scope: { route: 'direct', member: 'web1' },
    severity: 'warning',
    confidence: 'confirmed',
    title: 'web1 goes to sleep between 5 and 10 min without requests; the next request takes 3.1 s instead of 12.9 ms.',
    meaning: 'The application pool stops when idle and has to start again for the first request.',
    measured: {
      idleThresholdUs: { value: 600_000_000, low: 300_000_000, high: 600_000_000 },
      penaltyUs: { value: 3_090_000, low: 2_810_000, high: 3_400_000 },
    },
    rivals: [
      { cause: 'cold-start/connection', whyNot: 'The excess is in the wait for the answer, not in connecting.' },
    ],
    exhibits: [idleGaps()],
    remedy: {
      steps: ['Keep the application pool of web1 running.'],
      commands: [
        {
          gateway: 'member',
          title: 'Idle timeout off, on web1',
          text: 'appcmd set apppool "shop" /processModel.idleTimeout:00:00:00 /startMode:AlwaysRunning',
        },
      ],
      howToVerify: 'Run the idle experiment again: the first answer after 10 min must be as fast as the second.',
    },
  };
}

export function queueFinding(): Finding {
  return {
    cause: 'queue/gateway',
    scope: { route: 'gateway' },
    severity: 'info',
    confidence: 'possible',
    title: 'Above 252 requests per second requests wait in the gateway.',
    meaning: 'In a burst of 300/s the response time rises by 0.19 s each second through the gateway and not directly.',
    measured: {
      capacityPerSec: { value: 252, low: 244, high: 261 },
      concurrencyLimit: { value: 32 },
      drainUs: { value: 1_020_000 },
    },
    rivals: [],
    exhibits: [burstRamp()],
    remedy: {
      steps: ['Nothing, if the farm never sees more than 250 requests per second.', 'Otherwise add a second gateway.'],
      commands: [],
      howToVerify: 'Run the burst again at the rate that you need.',
    },
  };
}
