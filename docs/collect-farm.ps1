<#
.SYNOPSIS
  Collects the logs, events and configuration of an IIS or ARR farm into one zip for "gateprobe explain".

.DESCRIPTION
  Only reads. It changes nothing on any machine: the zip and a folder below %TEMP%, which is removed at the end, are all that it writes.
  Passwords, connection strings, application settings, machine keys and environment variables are removed from the configuration before
  it is stored; lines keep their numbers, so that a finding cites the line of the original file.
  Needs Windows PowerShell 5.1 (64 bit) and the rights of an administrator. Other machines are read through their administrative shares
  (C$) and the remote event log; nothing is run on them.
  Logs hold addresses and queries of users: look at the zip before you give it away.

.PARAMETER Hours
  How far back: log files written to and events logged since then.

.PARAMETER Out
  The zip to write.

.PARAMETER Sites
  Names or ids of sites; default: all.

.PARAMETER ComputerName
  Machines to read: the controller and the members. Default: this one.

.EXAMPLE
  .\collect-farm.ps1 -Hours 4 -Sites 'Shop' -ComputerName arr1, web1, web2 -Out C:\temp\farm.zip
#>
[CmdletBinding()]
param(
  [ValidateRange(1, 8760)] [int] $Hours = 24,
  [string] $Out = (Join-Path (Get-Location).Path ('farm-{0:yyyyMMdd-HHmmss}.zip' -f (Get-Date))),
  [string[]] $Sites = @(),
  [string[]] $ComputerName = @($env:COMPUTERNAME)
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

if (-not [Environment]::Is64BitProcess) {
  throw 'Start the 64-bit Windows PowerShell: a 32-bit process is shown another System32.'
}
if (Test-Path -LiteralPath $Out) { throw "$Out exists already." }
Add-Type -AssemblyName System.IO.Compression.FileSystem

$since = (Get-Date).ToUniversalTime().AddHours(-$Hours)
$work = Join-Path $env:TEMP ('gateprobe-' + [Guid]::NewGuid().ToString('N'))
$utf8 = New-Object System.Text.UTF8Encoding($false)
$systemProviders = 'Microsoft-Windows-WAS', 'Microsoft-Windows-IIS-W3SVC', 'Microsoft-Windows-HttpService', 'Microsoft-Windows-HttpEvent', 'Tcpip'
$applicationProviders = 'Application Error', '.NET Runtime', 'IIS AspNetCore Module', 'IIS AspNetCore Module V2', 'ASP.NET 4.0.30319.0', 'Windows Error Reporting'

function Test-Local([string] $Machine) {
  return ($Machine -eq $env:COMPUTERNAME) -or ($Machine -eq 'localhost') -or ($Machine -eq '.')
}

# A path of the machine as it can be read from here.
function Get-ReadablePath([string] $Machine, [string] $Path) {
  if (Test-Local $Machine) { return [Environment]::ExpandEnvironmentVariables($Path) }
  $there = $Path -replace '%SystemDrive%', 'C:' -replace '%SystemRoot%', 'C:\Windows' -replace '%windir%', 'C:\Windows'
  if ($there -match '^([A-Za-z]):\\(.*)$') { return '\\{0}\{1}$\{2}' -f $Machine, $Matches[1], $Matches[2] }
  return $there
}

# Also files that a service has open for writing.
function Copy-OpenFile([string] $From, [string] $To) {
  [void] (New-Item -ItemType Directory -Force -Path (Split-Path -Parent $To))
  $source = New-Object IO.FileStream($From, [IO.FileMode]::Open, [IO.FileAccess]::Read, ([IO.FileShare]::ReadWrite -bor [IO.FileShare]::Delete))
  try {
    $target = New-Object IO.FileStream($To, [IO.FileMode]::CreateNew)
    try { $source.CopyTo($target) } finally { $target.Dispose() }
  } finally { $source.Dispose() }
}

function Get-TextWithoutSecrets([string] $Text) {
  # Values become ***; line ends inside them stay, so that lines keep their numbers.
  $hide = { param($m) $m.Groups[1].Value + '="***' + ($m.Groups[2].Value -replace '[^\r\n]', '') + '"' }
  $quoted = '\s*=\s*("[^"]*"|''[^'']*'')'
  $Text = [regex]::Replace($Text, '(?i)\b([\w.:-]*(?:password|pwd|secret|token|credential|connectionString|sessionKey|validationKey|decryptionKey|accessKey|apiKey))' + $quoted, $hide)
  foreach ($section in 'appSettings', 'connectionStrings', 'environmentVariables', 'applicationSettings', 'userSettings') {
    $inside = {
      param($m)
      $part = [regex]::Replace($m.Value, '(?i)\b(value|connectionString)' + $quoted, $hide)
      [regex]::Replace($part, '(?is)(<value>)(.*?)(</value>)', { param($v) $v.Groups[1].Value + ($v.Groups[2].Value -replace '[^\r\n]', '') + $v.Groups[3].Value })
    }
    $Text = [regex]::Replace($Text, "(?is)<$section\b[^>]*>.*?</$section\s*>", $inside)
  }
  # The encrypted form of a section.
  return [regex]::Replace($Text, '(?is)(<CipherValue>)(.*?)(</CipherValue>)', { param($m) $m.Groups[1].Value + '***' + ($m.Groups[2].Value -replace '[^\r\n]', '') + $m.Groups[3].Value })
}

function Save-Config([string] $From, [string] $To) {
  [void] (New-Item -ItemType Directory -Force -Path (Split-Path -Parent $To))
  $text = [IO.File]::ReadAllText($From)
  [IO.File]::WriteAllText($To, (Get-TextWithoutSecrets $text), $utf8)
}

function Get-AttributeText($Node, [string] $Name, [string] $Otherwise) {
  if ($null -ne $Node -and $Node.HasAttribute($Name)) { return $Node.GetAttribute($Name) }
  return $Otherwise
}

function Save-Events([string] $Machine, [string] $Channel, [string[]] $Providers, [string] $To) {
  $names = ($Providers | ForEach-Object { "@Name='$_'" }) -join ' or '
  $query = "*[System[Provider[$names] and TimeCreated[timediff(@SystemTime) <= $($Hours * 3600000)]]]"
  $where = @{}
  if (-not (Test-Local $Machine)) { $where['ComputerName'] = $Machine }
  $found = @()
  try { $found = @(Get-WinEvent -LogName $Channel -FilterXPath $query -Oldest @where) }
  catch { if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') { throw } }
  [void] (New-Item -ItemType Directory -Force -Path (Split-Path -Parent $To))
  $lines = @('<Events>') + @($found | ForEach-Object { $_.ToXml() }) + @('</Events>')
  [IO.File]::WriteAllLines($To, [string[]] $lines, $utf8)
  return $found.Count
}

# Runs one step and gives what it gives; what cannot be read is written into the manifest and does not end the rest.
function Invoke-Step($Report, [string] $What, [scriptblock] $Step) {
  try { return & $Step }
  catch {
    $Report.problems += "${What}: $($_.Exception.Message)"
    Write-Warning "$($Report.name): ${What}: $($_.Exception.Message)"
  }
}

function Read-Xml([string] $Path) {
  $document = New-Object System.Xml.XmlDocument
  $document.LoadXml([IO.File]::ReadAllText($Path))
  # In a table, because PowerShell takes a document apart when it is returned.
  return @{ document = $document }
}

# With shared configuration applicationHost.config lies elsewhere.
function Get-HostFile([string] $Machine) {
  $folder = Get-ReadablePath $Machine '%SystemRoot%\System32\inetsrv\config'
  $redirection = Join-Path $folder 'redirection.config'
  if (Test-Path -LiteralPath $redirection) {
    $node = (Read-Xml $redirection).document.SelectSingleNode('/configuration/configurationRedirection')
    if ((Get-AttributeText $node 'enabled' 'false') -eq 'true') {
      $folder = Get-ReadablePath $Machine (Get-AttributeText $node 'path' $folder)
    }
  }
  return Join-Path $folder 'applicationHost.config'
}

function Save-RecentFiles($Report, [string] $Folder, [string] $Filter, [string] $Target) {
  if (-not (Test-Path -LiteralPath $Folder)) { return }
  Get-ChildItem -LiteralPath $Folder -Filter $Filter -File |
    Where-Object { $_.LastWriteTimeUtc -ge $since } |
    ForEach-Object {
      $file = $_
      Invoke-Step $Report $file.FullName { Copy-OpenFile $file.FullName (Join-Path $Target $file.Name) }
    }
}

function Save-Machine([string] $Machine) {
  $folder = Join-Path $work ($Machine -replace '[^A-Za-z0-9_.-]+', '_')
  [void] (New-Item -ItemType Directory -Force -Path $folder)
  $report = @{ name = $Machine; sites = @(); problems = @() }
  Write-Host "Reading $Machine"

  $read = Invoke-Step $report 'applicationHost.config' {
    $hostFile = Get-HostFile $Machine
    Save-Config $hostFile (Join-Path $folder 'config\applicationHost.config')
    Read-Xml $hostFile
  }
  $xml = $null
  if ($null -ne $read) { $xml = $read.document }

  if ($null -ne $xml) {
    $defaults = $xml.SelectSingleNode('/configuration/system.applicationHost/sites/siteDefaults')
    $defaultLog = $null
    $defaultTrace = $null
    if ($null -ne $defaults) {
      $defaultLog = $defaults.SelectSingleNode('logFile')
      $defaultTrace = $defaults.SelectSingleNode('traceFailedRequestsLogging')
    }
    foreach ($site in $xml.SelectNodes('/configuration/system.applicationHost/sites/site')) {
      $name = $site.GetAttribute('name')
      $id = $site.GetAttribute('id')
      if ($Sites.Count -gt 0 -and -not ($Sites -contains $name) -and -not ($Sites -contains $id)) { continue }
      $report.sites += "$name ($id)"
      $logFolder = Get-AttributeText $defaultLog 'directory' '%SystemDrive%\inetpub\logs\LogFiles'
      $logFolder = Get-AttributeText ($site.SelectSingleNode('logFile')) 'directory' $logFolder
      $traceFolder = Get-AttributeText $defaultTrace 'directory' '%SystemDrive%\inetpub\logs\FailedReqLogFiles'
      $traceFolder = Get-AttributeText ($site.SelectSingleNode('traceFailedRequestsLogging')) 'directory' $traceFolder
      Invoke-Step $report "logs of $name" {
        Save-RecentFiles $report (Join-Path (Get-ReadablePath $Machine $logFolder) "W3SVC$id") '*.log' (Join-Path $folder "logs\W3SVC$id")
      }
      Invoke-Step $report "failed request traces of $name" {
        Save-RecentFiles $report (Join-Path (Get-ReadablePath $Machine $traceFolder) "W3SVC$id") 'fr*.xml' (Join-Path $folder "freb\W3SVC$id")
      }
      foreach ($application in $site.SelectNodes('application')) {
        $root = $application.SelectSingleNode("virtualDirectory[@path='/']")
        if ($null -eq $root) { continue }
        $path = $name + $application.GetAttribute('path')
        $target = $path -replace '[^A-Za-z0-9_.-]+', '_' -replace '_$', ''
        Invoke-Step $report "web.config of $path" {
          $from = Join-Path (Get-ReadablePath $Machine $root.GetAttribute('physicalPath')) 'web.config'
          if (Test-Path -LiteralPath $from) { Save-Config $from (Join-Path $folder "config\web\$target\web.config") }
        }
      }
    }
  }

  Invoke-Step $report 'HTTPERR' {
    $errors = '%SystemRoot%\System32\LogFiles'
    if (Test-Local $Machine) {
      $key = Get-ItemProperty -Path 'HKLM:\System\CurrentControlSet\Services\HTTP\Parameters' -ErrorAction SilentlyContinue
      if ($null -ne $key -and $key.PSObject.Properties['ErrorLoggingDir']) { $errors = $key.ErrorLoggingDir }
    }
    $errors = (Get-ReadablePath $Machine $errors) -replace '^\\SystemRoot', $env:windir
    Save-RecentFiles $report (Join-Path $errors 'HTTPERR') 'httperr*.log' (Join-Path $folder 'httperr')
  }
  Invoke-Step $report 'System events' { $report.systemEvents = Save-Events $Machine 'System' $systemProviders (Join-Path $folder 'events\System.xml') }
  Invoke-Step $report 'Application events' { $report.applicationEvents = Save-Events $Machine 'Application' $applicationProviders (Join-Path $folder 'events\Application.xml') }

  if (Test-Local $Machine) {
    Invoke-Step $report 'worker processes' {
      $appcmd = Join-Path $env:windir 'System32\inetsrv\appcmd.exe'
      if (Test-Path -LiteralPath $appcmd) {
        [IO.File]::WriteAllLines((Join-Path $folder 'worker-processes.txt'), [string[]] @(& $appcmd list wp), $utf8)
      }
    }
    $report.timeZone = [TimeZoneInfo]::Local.Id
  }
  $report.files = @(Get-ChildItem -LiteralPath $folder -Recurse -File | ForEach-Object {
      @{ path = $_.FullName.Substring($work.Length + 1) -replace '\\', '/'; bytes = $_.Length }
    })
  return $report
}

[void] (New-Item -ItemType Directory -Path $work)
try {
  $machines = @()
  foreach ($machine in $ComputerName) {
    $machines += Save-Machine $machine
  }
  $manifest = @{
    form = 'gateprobe-farm-1'
    collectedAt = (Get-Date).ToUniversalTime().ToString('o')
    since = $since.ToString('o')
    hours = $Hours
    machines = $machines
  }
  [IO.File]::WriteAllText((Join-Path $work 'manifest.json'), (ConvertTo-Json $manifest -Depth 6), $utf8)
  [IO.Compression.ZipFile]::CreateFromDirectory($work, $Out, [IO.Compression.CompressionLevel]::Optimal, $false)
  Write-Host "Written: $Out"
} finally {
  Remove-Item -LiteralPath $work -Recurse -Force
}
