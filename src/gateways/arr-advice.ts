import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { asTimeSpan, timerSeconds } from './advice.ts';
import type { RemedyContext } from './gateway.ts';
import { memberAddress } from './member-address.ts';
import { APPCMD } from './member-commands.ts';

const FARM_FILTER = "webFarms/webFarm[@name='<farm>']";

function appcmd(title: string, lines: readonly string[]): Command {
  return {
    gateway: 'arr',
    title: `appcmd on the controller: ${title}`,
    text: lines.map((line) => `${APPCMD} ${line}`).join('\n'),
  };
}

function powershell(title: string, lines: readonly string[]): Command {
  return {
    gateway: 'arr',
    title: `PowerShell on the controller: ${title}`,
    text: ['Import-Module WebAdministration', ...lines].join('\n'),
  };
}

/** A property of the server farm, below `applicationRequestRouting`, both ways. */
function farm(title: string, element: string, values: Readonly<Record<string, string>>): readonly Command[] {
  const entries = Object.entries(values);
  const settings = entries.map(
    ([name, value]) => `"/[name='<farm>'].applicationRequestRouting.${element}.${name}:${value}"`,
  );
  return [
    appcmd(title, [`set config -section:webFarms ${settings.join(' ')} /commit:apphost`]),
    powershell(
      title,
      entries.map(
        ([name, value]) =>
          `Set-WebConfigurationProperty -PSPath 'MACHINE/WEBROOT/APPHOST' -Filter "${FARM_FILTER}/applicationRequestRouting/${element}" -Name ${name} -Value '${value}'`,
      ),
    ),
  ];
}

/** A property of the proxy without a farm, both ways. */
function proxy(title: string, values: Readonly<Record<string, string>>): readonly Command[] {
  const entries = Object.entries(values);
  return [
    appcmd(title, [
      `set config -section:system.webServer/proxy ${entries.map(([name, value]) => `/${name}:${value}`).join(' ')} /commit:apphost`,
    ]),
    powershell(
      title,
      entries.map(
        ([name, value]) =>
          `Set-WebConfigurationProperty -PSPath 'MACHINE/WEBROOT/APPHOST' -Filter 'system.webServer/proxy' -Name ${name} -Value '${value}'`,
      ),
    ),
  ];
}

const PROXY_DEFAULT_SECONDS = 120;

function responseTimer(context: RemedyContext): readonly Command[] {
  const seconds = timerSeconds(context, 30 * US_PER_SEC);
  // Whoever runs both commands must not lower the timer that does not apply.
  const withoutFarm = asTimeSpan(Math.max(seconds, PROXY_DEFAULT_SECONDS));
  return [
    ...farm('timer of the server farm (default 00:00:30)', 'protocol', { timeout: asTimeSpan(seconds) }),
    ...proxy('timer where there is no server farm (default 00:02:00)', { timeout: withoutFarm }),
  ];
}

const HEALTH = farm('test the members, and keep at least one in use', 'healthCheck', {
  url: 'http://<farm>/health',
  interval: '00:00:10',
  timeout: '00:00:05',
  minServers: '1',
});

const KEEP_ALIVE = [
  ...farm('reuse connections to the members (farm)', 'protocol', { keepAlive: 'true' }),
  ...proxy('reuse connections to the members (no farm)', { keepAlive: 'true' }),
];

/** Weight of the member concerned, host only: `address` is how the farm names its servers. */
function weight(context: RemedyContext, value: number): readonly Command[] {
  const { host } = memberAddress(context);
  return [
    appcmd('give this server less traffic (default weight 100; use the address as the farm has it)', [
      `set config -section:webFarms "/[name='<farm>'].[address='${host}'].applicationRequestRouting.weight:${value}" /commit:apphost`,
    ]),
    powershell('give this server less traffic (default weight 100)', [
      `Set-WebConfigurationProperty -PSPath 'MACHINE/WEBROOT/APPHOST' -Filter "${FARM_FILTER}/server[@address='${host}']/applicationRequestRouting" -Name weight -Value ${value}`,
    ]),
  ];
}

/** Take the member out of its farm, or put it back. */
function offline(context: RemedyContext): readonly Command[] {
  const { host } = memberAddress(context);
  return [
    appcmd('take this server out of the farm (enabled:true puts it back; use the address as the farm has it)', [
      `set config -section:webFarms "/[name='<farm>'].[address='${host}'].enabled:false" /commit:apphost`,
    ]),
    powershell('take this server out of the farm', [
      `Set-WebConfigurationProperty -PSPath 'MACHINE/WEBROOT/APPHOST' -Filter "${FARM_FILTER}/server[@address='${host}']" -Name enabled -Value $false`,
    ]),
  ];
}

const CONTROLLER_POOL = [
  appcmd("the controller's own application pool: longer queue, no idle timeout, no periodic recycling", [
    'set apppool "<controller-pool>" /queueLength:5000',
    'set apppool "<controller-pool>" /processModel.idleTimeout:00:00:00',
    'set apppool "<controller-pool>" /recycling.periodicRestart.time:00:00:00',
  ]),
  powershell("the controller's own application pool", [
    "Set-ItemProperty 'IIS:\\AppPools\\<controller-pool>' queueLength 5000",
    "Set-ItemProperty 'IIS:\\AppPools\\<controller-pool>' processModel.idleTimeout '00:00:00'",
    "Set-ItemProperty 'IIS:\\AppPools\\<controller-pool>' recycling.periodicRestart.time '00:00:00'",
  ]),
];

const LOG_TELLS =
  "In the controller's IIS log, SERVER-STATUS in cs-uri-query is the status of the member; where it is missing, ARR wrote the error itself, and sc-win32-status says why.";

/** What to change on an ARR controller. Names in angle brackets are to be replaced. */
export const ARR_ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'ARR answers 502.3 with 12002 (0x80072ee2) when its timer ends. Requests to a server farm obey the timer of the farm, others that of the proxy: change the one that applies.',
    ],
    commands: responseTimer(context),
  }),
  'timeout/gateway-read': (context) => ({ commands: responseTimer(context) }),
  'timeout/gateway-connect': () => ({
    steps: [
      'ARR has no connect timer of its own: a connect attempt lasts as long as TCP of Windows lets it, at most the proxy timeout. 12002 well below that timeout is this case. Let the health test leave the member out.',
    ],
    commands: HEALTH,
  }),
  'queue/gateway': () => ({
    steps: [
      "Look at the queue of the controller's own application pool (HTTP Service Request Queues) and at its processor.",
    ],
    commands: CONTROLLER_POOL,
  }),
  'queue/member': (context) => ({
    steps: ['ARR does not limit what it sends to one member; give a weaker one a smaller weight.'],
    commands: weight(context, 50),
  }),
  'queue/rejected': () => ({
    steps: [
      'A 503 with Server: Microsoft-HTTPAPI comes from HTTP.sys (QueueFull in HTTPERR) and stands in no site log; with 503.2 appConcurrentRequestLimit was reached, with 503.3 the queue of ASP.NET, with 503.4 that of FastCGI.',
    ],
    commands: CONTROLLER_POOL,
  }),
  'cold-start/idle': () => ({
    steps: [
      "A health test of the farm that asks a page of the application more often than the pool's idle timeout (20 min) keeps members awake as well.",
    ],
    commands: HEALTH,
  }),
  'cold-start/recycle': () => ({ commands: CONTROLLER_POOL }),
  'cold-start/connection': () => ({ commands: KEEP_ALIVE }),
  'connection/refused': () => ({
    steps: ['ARR answers 502.3 with 12029 (0x80072efd) about one second after a refused connect.'],
    commands: HEALTH,
  }),
  'connection/unreachable': () => ({ commands: HEALTH }),
  'connection/dropped-before-response': () => ({
    steps: [
      'ARR answers 502.3 with 12030 (0x80072efe). If it happens after pauses of about two minutes, raise connectionTimeout of the member sites above 00:02:00.',
    ],
    commands: [
      {
        gateway: 'member',
        title: 'appcmd on the member, if it happens after pauses',
        text: `${APPCMD} set config -section:system.applicationHost/sites "/[name='<site>'].limits.connectionTimeout:00:04:00" /commit:apphost`,
      },
    ],
  }),
  'connection/dropped-mid-response': () => ({
    steps: [
      'ARR reports 12152 (0x80072f78) when the answer ends early before it has passed anything on; later the client sees a cut answer.',
    ],
  }),
  'member/none-available': () => ({
    steps: [
      'ARR answers 502.4 at once. minServers is 0 by default, so a wrong health test may take out every member: set it to 1 or more.',
      'Open Server Farms > Monitoring and Management: it says which server is unhealthy, unavailable or drained.',
    ],
    commands: HEALTH,
  }),
  'member/slow': (context) => ({ commands: weight(context, 25) }),
  'member/errors': (context) => ({
    steps: [LOG_TELLS],
    commands: offline(context),
  }),
  'application/error': () => ({ steps: [LOG_TELLS] }),
  'application/slow': () => ({
    steps: [
      'time-taken in the log of a member contains the wait in its queue; timeTaken in a failed request trace does not: the difference is the queue.',
    ],
  }),
  'gateway/cascade': () => ({
    steps: [
      'ARR does not repeat requests; members go out only by the health test or, where liveTrafficFailurePeriod is set, by failures of user requests.',
    ],
    commands: farm('do not judge members by user requests, and keep one in use', 'healthCheck', {
      liveTrafficFailurePeriod: '00:00:00',
      minServers: '1',
    }),
  }),
  'gateway/unreachable': () => ({
    commands: [
      appcmd('is the site started, and its pool?', ['list site', 'list apppool /state:Stopped']),
      powershell('services and listener', [
        'Get-Service W3SVC, WAS',
        'Get-NetTCPConnection -State Listen -LocalPort 80,443',
      ]),
    ],
  }),
  'gateway/overhead': () => ({
    steps: [
      'ARR holds back the first 256 KB of an answer by default (minResponseBuffer): its first byte comes about when the whole small answer is there.',
    ],
    commands: KEEP_ALIVE,
  }),
};
