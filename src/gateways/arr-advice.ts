import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { asTimeSpan, timerSeconds } from './advice.ts';
import type { RemedyContext } from './gateway.ts';
import { isPoolStopped } from './general-gateway.ts';
import { memberAddress } from './member-address.ts';
import { APPCMD, crashCommands } from './member-commands.ts';

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

/** A test that is configured stays: another page may not exist on the members, and would take out all of them. */
function health({ healthUrl }: RemedyContext): readonly Command[] {
  if (healthUrl !== undefined)
    return farm('keep at least one server in use, whatever the health test says', 'healthCheck', { minServers: '1' });
  return farm('test the members with a page that answers 200, and keep at least one in use', 'healthCheck', {
    url: 'http://<farm>/<health page>',
    interval: '00:00:10',
    timeout: '00:00:05',
    minServers: '1',
  });
}

const KEEP_ALIVE = [
  ...farm('reuse connections to the members (farm)', 'protocol', { keepAlive: 'true' }),
  ...proxy('reuse connections to the members (no farm)', { keepAlive: 'true' }),
];

/** Recycling itself is harmless where the new worker is warm before the old one ends. */
const MEMBER_RECYCLING: readonly Command[] = [
  {
    gateway: 'member',
    title: 'appcmd on the member: what recycles the pool, and when',
    text: `${APPCMD} list apppool "<pool>" /config:*`,
  },
  {
    gateway: 'member',
    title: 'appcmd on the member: at a quiet hour instead of every 29 h, with overlap, and warm before users come',
    text: [
      `${APPCMD} set apppool "<pool>" /recycling.periodicRestart.time:00:00:00`,
      `${APPCMD} set apppool "<pool>" /+recycling.periodicRestart.schedule.[value='03:00:00']`,
      `${APPCMD} set apppool "<pool>" /recycling.disallowOverlappingRotation:false`,
      `${APPCMD} set apppool "<pool>" /startMode:AlwaysRunning`,
      `${APPCMD} set app "<site>/" /preloadEnabled:true`,
    ].join('\n'),
  },
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

const START_POOL = [
  appcmd('which pool is stopped? Start it', ['list apppool /state:Stopped', 'start apppool "<controller-pool>"']),
  powershell('why it was stopped (WAS 5002: five crashes in five minutes; 5057, 5059, 5021: its identity)', [
    "Get-WinEvent -FilterHashtable @{ LogName='System'; ProviderName='Microsoft-Windows-WAS' } -MaxEvents 50",
  ]),
];

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : url;
}

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
  'timeout/gateway-connect': (context) => ({
    steps: [
      'ARR has no connect timer of its own: a connect attempt lasts as long as TCP of Windows lets it, at most the proxy timeout. 12002 well below that timeout is this case. Let the health test leave the member out.',
    ],
    commands: health(context),
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
  'queue/rejected': (context) => ({
    steps: [
      'A 503 with Server: Microsoft-HTTPAPI comes from HTTP.sys (QueueFull in HTTPERR) and stands in no site log; with 503.2 appConcurrentRequestLimit was reached, with 503.3 the queue of ASP.NET, with 503.4 that of FastCGI.',
    ],
    // The queue that was full is the member's: the controller's own is not to be changed for it.
    commands: context.member === undefined ? CONTROLLER_POOL : weight(context, 50),
  }),
  'cold-start/idle': (context) => ({
    steps: [
      "A health test of the farm that asks a page of the application more often than the pool's idle timeout (20 min) keeps members awake as well.",
    ],
    commands: health(context),
  }),
  'cold-start/recycle': ({ member }) => ({ commands: member === undefined ? CONTROLLER_POOL : MEMBER_RECYCLING }),
  'cold-start/connection': () => ({ commands: KEEP_ALIVE }),
  'connection/refused': (context) => ({
    steps: ['ARR answers 502.3 with 12029 (0x80072efd) about one second after a refused connect.'],
    commands: health(context),
  }),
  'connection/unreachable': (context) => ({ commands: health(context) }),
  'connection/dropped-before-response': () => ({
    steps: [
      'ARR answers 502.3 with 12030 (0x80072efe). If it happens after pauses of about two minutes, raise connectionTimeout of the member sites above 00:02:00.',
    ],
    commands: [
      ...crashCommands('iis'),
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
  'member/none-available': (context) => ({
    steps: [
      ...(context.healthUrl === undefined
        ? []
        : [
            `Look for ${pathOf(context.healthUrl)} in the members' logs of that time: an answer outside 200-399 (401 where the page asks for a login, 302 is good), or one slower than the test's timeout, is why ARR took them out.`,
          ]),
      'ARR answers 502.4 at once. minServers is 0 by default, so a wrong health test may take out every member: set it to 1 or more.',
      'Open Server Farms > Monitoring and Management: it says which server is unhealthy, unavailable or drained.',
    ],
    commands: health(context),
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
  'gateway/overloaded': ({ refusedBy = '' }) => ({
    steps: [
      "HTTPERR of the controller names the reason. QueueFull: the queue of its own application pool; ConnLimit: the site's maxConnections; AppOffline or Disabled: its pool is stopped.",
    ],
    commands: isPoolStopped(refusedBy) ? START_POOL : CONTROLLER_POOL,
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
