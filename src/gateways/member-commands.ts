import type { Command } from './advice.ts';
import type { RemedyContext } from './gateway.ts';
import type { MemberFamily } from './general-advice.ts';
import { memberAddress, memberOrigin } from './member-address.ts';

/** Path of appcmd as cmd.exe expands it; it is not on the search path. */
export const APPCMD = '%windir%\\System32\\inetsrv\\appcmd.exe';

function onMember(title: string, text: string): Command {
  return { gateway: 'member', title, text };
}

/** Is something listening, and is it running at all? */
export function listeningCommands(context: RemedyContext, family: MemberFamily): readonly Command[] {
  const { port } = memberAddress(context);
  if (family === 'iis') {
    return [
      onMember(
        'PowerShell on the member: services and listener',
        `Get-Service W3SVC, WAS\nGet-NetTCPConnection -State Listen -LocalPort ${port}`,
      ),
      onMember(
        'appcmd on the member: sites and application pools that are stopped',
        `${APPCMD} list site /state:Stopped\n${APPCMD} list apppool /state:Stopped`,
      ),
    ];
  }
  return [
    onMember('Linux, on the member: who listens, and on which address', `ss -ltnp 'sport = :${port}'`),
    onMember('Windows, on the member', `Get-NetTCPConnection -State Listen -LocalPort ${port}`),
  ];
}

/** Can the gateway reach the member's port? To be run on the gateway. */
export function reachCommands(context: RemedyContext, family: MemberFamily): readonly Command[] {
  const { host, port } = memberAddress(context);
  const windows = onMember(
    'Windows, on the gateway: does a connection to the member succeed?',
    `Test-NetConnection ${host} -Port ${port}`,
  );
  if (family === 'iis') return [windows];
  return [
    onMember('Linux, on the gateway: does a connection to the member succeed?', `nc -vz -w 3 ${host} ${port}`),
    windows,
  ];
}

/** Why did the member's process go away? */
export function crashCommands(family: MemberFamily): readonly Command[] {
  if (family === 'iis') {
    return [
      onMember(
        'PowerShell on the member: crashes and recycles of the last hour (WAS 5009, 5011, 5013; Application Error 1000; .NET Runtime 1026)',
        [
          '$since = @{ StartTime = (Get-Date).AddHours(-1) }',
          "Get-WinEvent -FilterHashtable ($since + @{ LogName='System'; ProviderName='Microsoft-Windows-WAS' })",
          "Get-WinEvent -FilterHashtable ($since + @{ LogName='Application'; Id=1000,1026 })",
        ].join('\n'),
      ),
      onMember(
        'PowerShell on the member: requests that HTTP.sys ended itself',
        'Get-Content "$env:SystemRoot\\System32\\LogFiles\\HTTPERR\\httperr*.log" -Tail 50',
      ),
    ];
  }
  return [
    onMember(
      'Linux, on the member: crashes, restarts and memory kills of the last hour',
      'journalctl -u <service> --since -1h -p warning\njournalctl -k --since -1h | grep -i -e oom -e killed',
    ),
  ];
}

/** Errors that the application logged. */
export function errorLogCommands(family: MemberFamily): readonly Command[] {
  if (family === 'iis') {
    return [
      onMember(
        'PowerShell on the member: application errors of the last hour',
        "Get-WinEvent -FilterHashtable @{ LogName='Application'; Level=1,2; StartTime=(Get-Date).AddHours(-1) }",
      ),
      onMember(
        'appcmd on the member: keep a trace of every failed request (Failed Request Tracing)',
        `${APPCMD} configure trace "<site>" /enablesite\n${APPCMD} configure trace "<site>" /enable /path:* /statuscodes:500-599`,
      ),
    ];
  }
  return [onMember("Linux, on the member: the application's own log", 'journalctl -u <service> --since -1h -p err')];
}

/** What is the member working on right now? */
export function slowWorkCommands(family: MemberFamily): readonly Command[] {
  if (family === 'iis') {
    return [
      onMember('appcmd on the member: requests that run for more than 5 s', `${APPCMD} list requests /elapsed:5000`),
      onMember(
        'PowerShell on the member: processor, queue and requests in work',
        "Get-Counter '\\Processor(_Total)\\% Processor Time','\\HTTP Service Request Queues(*)\\CurrentQueueSize' -SampleInterval 1 -MaxSamples 10",
      ),
    ];
  }
  return [onMember('Linux, on the member: processor, memory and disk, ten seconds long', 'vmstat 1 10')];
}

/** Keep the application started and loaded. */
export function keepWarmCommands(context: RemedyContext, family: MemberFamily): readonly Command[] {
  if (family === 'iis') {
    return [
      onMember(
        'appcmd on every member (not on the ARR controller)',
        [
          `${APPCMD} set apppool "<pool>" /startMode:AlwaysRunning`,
          `${APPCMD} set apppool "<pool>" /processModel.idleTimeout:00:00:00`,
          `${APPCMD} set app "<site>/" /preloadEnabled:true`,
        ].join('\n'),
      ),
      onMember(
        'PowerShell on every member (not on the ARR controller)',
        [
          'Import-Module WebAdministration',
          "Set-ItemProperty 'IIS:\\AppPools\\<pool>' startMode AlwaysRunning",
          "Set-ItemProperty 'IIS:\\AppPools\\<pool>' processModel.idleTimeout '00:00:00'",
          "Set-ItemProperty 'IIS:\\Sites\\<site>' applicationDefaults.preloadEnabled $true",
        ].join('\n'),
      ),
    ];
  }
  return [
    onMember(
      'crontab, where the platform cannot keep the application awake',
      `*/5 * * * * curl -fsS -o /dev/null ${memberOrigin(context)}/`,
    ),
  ];
}

/** How much the member takes at once before it refuses. */
export function queueCommands(family: MemberFamily): readonly Command[] {
  if (family === 'iis') {
    return [
      onMember(
        "appcmd on the member: the application pool's queue (default 1000) and requests in work (default 5000)",
        [
          `${APPCMD} set apppool "<pool>" /queueLength:5000`,
          `${APPCMD} set config -section:system.webServer/serverRuntime /appConcurrentRequestLimit:10000 /commit:apphost`,
        ].join('\n'),
      ),
      onMember(
        'PowerShell on the member',
        "Import-Module WebAdministration\nSet-ItemProperty 'IIS:\\AppPools\\<pool>' queueLength 5000",
      ),
    ];
  }
  return [
    onMember(
      'Linux, on the member: is the accept queue full? (Recv-Q at Send-Q, or a growing counter)',
      `ss -ltn\nnstat -az TcpExtListenOverflows`,
    ),
  ];
}
