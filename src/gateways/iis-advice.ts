import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { asTimeSpan, timerSeconds } from './advice.ts';
import type { RemedyContext } from './gateway.ts';
import { APPCMD } from './member-commands.ts';

function web(title: string, text: string): Command {
  return { gateway: 'iis', title: `web.config: ${title}`, text };
}

function appcmd(title: string, lines: readonly string[]): Command {
  return {
    gateway: 'iis',
    title: `appcmd on the server: ${title}`,
    text: lines.map((line) => `${APPCMD} ${line}`).join('\n'),
  };
}

function powershell(title: string, lines: readonly string[]): Command {
  return { gateway: 'iis', title: `PowerShell on the server: ${title}`, text: lines.join('\n') };
}

const responseTimer = (context: RemedyContext): readonly Command[] => {
  const span = asTimeSpan(timerSeconds(context, 120 * US_PER_SEC));
  return [
    web(
      'timer of the module (default 00:02:00; whole minutes in old versions)',
      `<aspNetCore processPath="dotnet" arguments=".\\<app>.dll" requestTimeout="${span}" />`,
    ),
    appcmd('the same', [`set config "<site>/" -section:system.webServer/aspNetCore /requestTimeout:${span}`]),
  ];
};

const IN_PROCESS = web(
  'run the application in the worker process: no forwarding, no connections',
  '<aspNetCore processPath="dotnet" arguments=".\\<app>.dll" hostingModel="inprocess" />',
);
const STDOUT = web(
  'what the application says while it starts (switch it off again)',
  '<aspNetCore processPath="dotnet" arguments=".\\<app>.dll" stdoutLogEnabled="true" stdoutLogFile=".\\logs\\stdout" />',
);
const EVENTS = powershell('events of the module and of .NET', [
  "Get-WinEvent -FilterHashtable @{ LogName='Application'; ProviderName='IIS AspNetCore Module V2'; StartTime=(Get-Date).AddHours(-1) }",
  "Get-WinEvent -FilterHashtable @{ LogName='Application'; ProviderName='.NET Runtime'; StartTime=(Get-Date).AddHours(-1) }",
]);
const WARM = appcmd('start with the server, never stop for idleness', [
  'set apppool "<pool>" /startMode:AlwaysRunning',
  'set apppool "<pool>" /processModel.idleTimeout:00:00:00',
  'set app "<site>/" /preloadEnabled:true',
]);
const LIMITS = appcmd('queue of the pool (default 1000) and requests in work (default 5000)', [
  'set apppool "<pool>" /queueLength:5000',
  'set config -section:system.webServer/serverRuntime /appConcurrentRequestLimit:10000 /commit:apphost',
]);
const TRACE = appcmd('trace failed requests: the trace names the module', [
  'configure trace "<site>" /enablesite',
  'configure trace "<site>" /enable /path:* /statuscodes:500-599',
]);
const THREADS: Command = {
  gateway: 'iis',
  title: 'runtimeconfig.json of the application, only against code that blocks threads',
  text: '"configProperties": { "System.Threading.ThreadPool.MinThreads": 64 }',
};

/** What to change on IIS in front of Kestrel. Names in angle brackets are to be replaced. */
export const IIS_ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'Out of process, the module answers 502.3 when its requestTimeout ends; in process there is no such timer.',
    ],
    commands: responseTimer(context),
  }),
  'timeout/gateway-connect': () => ({
    steps: [
      'The module asks Kestrel on the same machine: a connect that takes long means that the process hangs or is just starting.',
    ],
    commands: [
      EVENTS,
      web(
        'time to start (default 120 s)',
        '<aspNetCore processPath="dotnet" arguments=".\\<app>.dll" startupTimeLimit="120" />',
      ),
    ],
  }),
  'queue/gateway': () => ({ commands: [LIMITS, IN_PROCESS] }),
  'queue/member': () => ({
    steps: ['Kestrel has no queue: requests wait for threads or for what they call.'],
    commands: [THREADS, LIMITS],
  }),
  'queue/rejected': () => ({
    steps: [
      'A 503 with Server: Microsoft-HTTPAPI comes from HTTP.sys (QueueFull in HTTPERR) and stands in no site log; 503.2 means appConcurrentRequestLimit.',
    ],
    commands: [LIMITS],
  }),
  'cold-start/idle': () => ({ commands: [WARM] }),
  'cold-start/recycle': () => ({
    commands: [
      appcmd('recycle at a quiet hour instead of every 29 h', [
        'set apppool "<pool>" /recycling.periodicRestart.time:00:00:00',
        'set apppool "<pool>" /+recycling.periodicRestart.schedule.[value=\'03:00:00\']',
      ]),
    ],
  }),
  'cold-start/connection': () => ({ commands: [IN_PROCESS] }),
  'connection/refused': () => ({
    steps: ['502.5 and 500.3x mean that the application process did not start or ended: the events say why.'],
    commands: [EVENTS, STDOUT],
  }),
  'connection/unreachable': () => ({ commands: [EVENTS, STDOUT] }),
  'connection/dropped-before-response': () => ({
    steps: ['The process of the application ended or was replaced while requests were in it.'],
    commands: [
      EVENTS,
      web(
        'time to finish requests when the application is replaced (default 10 s)',
        '<aspNetCore processPath="dotnet" arguments=".\\<app>.dll" shutdownTimeLimit="60" />',
      ),
    ],
  }),
  'connection/dropped-mid-response': () => ({ commands: [EVENTS, TRACE] }),
  'member/none-available': () => ({
    steps: [
      'The application process cannot be started; after rapidFailsPerMinute (10) failures the module waits before it tries again.',
    ],
    commands: [EVENTS, STDOUT],
  }),
  'member/slow': () => ({
    commands: [appcmd('requests that run for more than 5 s', ['list requests /elapsed:5000']), TRACE],
  }),
  'member/errors': () => ({ commands: [TRACE, EVENTS] }),
  'application/error': () => ({ commands: [TRACE, EVENTS] }),
  'gateway/cascade': () => ({
    steps: [
      'Five crashes within five minutes switch the pool off (503 until somebody starts it): mend the crash, and keep the protection.',
    ],
    commands: [appcmd('is the pool switched off? Start it', ['list apppool /state:Stopped', 'start apppool "<pool>"'])],
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
    steps: ['In process, requests do not cross a connection at all.'],
    commands: [IN_PROCESS],
  }),
};
