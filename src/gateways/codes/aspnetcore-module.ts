import type { CodeMeaning, CodeRow } from './code.ts';
import { codeTable } from './code.ts';

const WHEN =
  'The Module row of the detailed page says AspNetCoreModuleV2, and it stands in the log of the machine that runs the application, not of the controller';
const START = [
  'Application event log, source IIS AspNetCore Module V2: the text of the failure',
  'Start the application by hand in its folder: `dotnet <app>.dll` or the .exe',
  '`stdoutLogEnabled="true"` of aspNetCore in web.config, for as long as it takes',
];
const FAILED_START = 'The application did not start, so every request fails until it is mended or started again.';
const details = (name: string) => ({ name, when: WHEN, inALog: FAILED_START, next: START });

// AC.Docs “Troubleshoot ASP.NET Core on Azure App Service and IIS”.
const ROWS: readonly CodeRow[] = [
  [
    '500.0',
    'gateway/config',
    'The in-process request handler could not be loaded.',
    details('In-Process Handler Load Failure'),
  ],
  [
    '500.30',
    'gateway/internal',
    'The application started in the worker process and ended at once.',
    details('In-Process Startup Failure'),
  ],
  [
    '500.31',
    'gateway/config',
    'The .NET runtime that the application needs is not installed.',
    details('Failed to Find Native Dependencies'),
  ],
  [
    '500.32',
    'gateway/config',
    'A library could not be loaded: usually 32 bit against 64 bit.',
    details('Failed to Load dll'),
  ],
  [
    '500.33',
    'gateway/config',
    'The application refers to no ASP.NET Core framework.',
    details('Request Handler Load Failure'),
  ],
  [
    '500.34',
    'gateway/config',
    'In-process and out-of-process applications share one process.',
    details('Mixed Hosting Models Not Supported'),
  ],
  [
    '500.35',
    'gateway/config',
    'Several in-process applications share one process.',
    details('Multiple In-Process Applications in same Process'),
  ],
  [
    '500.36',
    'gateway/config',
    'The out-of-process handler is not beside the module.',
    details('Out-Of-Process Handler Load Failure'),
  ],
  [
    '500.37',
    'gateway/internal',
    'The application did not start within its limit (120 s).',
    details('Failed to Start Within Startup Time Limit'),
  ],
  [
    '500.38',
    'gateway/config',
    'The application’s library was not found (single-file publish).',
    details('Application DLL Not Found'),
  ],
  [
    '502.3',
    undefined,
    'The module could not talk to the application’s own process (Kestrel), after it had started.',
    {
      name: 'ANCM out-of-process: WinHTTP error',
      when: WHEN,
      inALog:
        'The module is a proxy of its own on the member: the process behind it was slow, closed the connection, or died. The error code beside it (12002, 12029, 12030) says which.',
      next: [
        'The error code beside it: `gateprobe decode <code>`',
        '.NET Runtime 1026 and Application Error 1000 in the Application event log of that machine',
        '`requestTimeout` of aspNetCore in web.config (2 minutes)',
      ],
    },
  ],
  [
    '502.5',
    'pool/member-down',
    'The application’s process did not start, or did not listen on the port that the module gave it.',
    {
      name: 'ANCM Out-Of-Process Startup Failure (older: Process Failure)',
      when: WHEN,
      inALog: FAILED_START,
      next: START,
    },
  ],
  [
    '503.0',
    'gateway/shutdown',
    'The application is shutting down or being recycled.',
    {
      name: 'ANCM: application is shutting down',
      when: WHEN,
      inALog: 'Requests that came while the application was stopping: a deployment (app_offline.htm) or a recycle.',
    },
  ],
];

const MEANINGS = codeTable('aspnetcore-module', ROWS);

export function aspnetcoreModuleMeanings(): readonly CodeMeaning[] {
  return MEANINGS;
}
