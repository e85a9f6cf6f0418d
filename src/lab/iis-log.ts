import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Log files as IIS writes them: buffered, a header block before the first line and again after each start of a worker, `time` the
 * moment of logging (the end of a request) in whole UTC seconds, blanks inside a value as `+`.
 */
export type LogFile = {
  write(fields: readonly (string | number | undefined)[], atMs?: number): void;
  /** The next line is preceded by a header block again. */
  repeatHeader(): void;
  /** Writes what is buffered. Never rejects: a failure is kept and thrown by `close`. */
  flush(): Promise<void>;
  /** Throws when a line could not be written. */
  close(): Promise<void>;
};

/** IIS flushes once a minute; an emulator is watched by people who do not want to wait. */
const FLUSH_EVERY_MS = 100;

export const W3C_FIELDS =
  'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken';
/** The layout of Windows 10 and Server 2016. */
export const HTTPERR_FIELDS =
  'date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename';

/** One line of an IIS site log, as far as the lab fills it. */
export type W3cRow = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly serverPort: number;
  readonly clientIp: string;
  readonly userAgent: string | undefined;
  readonly referer: string | undefined;
  readonly status: number;
  readonly substatus: number;
  readonly win32Status: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly takenMs: number;
  readonly custom?: readonly (string | undefined)[];
};

export function w3cValues(row: W3cRow): (string | number | undefined)[] {
  return [
    '127.0.0.1',
    row.method,
    row.path,
    row.query,
    row.serverPort,
    undefined,
    row.clientIp,
    row.userAgent,
    row.referer,
    row.status,
    row.substatus,
    row.win32Status,
    row.bytesSent,
    row.bytesReceived,
    Math.round(row.takenMs),
    ...(row.custom ?? []),
  ];
}

/** `u_ex<YYMMDD>.log` in `folder`; with custom fields the name ends in `_x`. */
export function openW3cLog(folder: string, customFields: readonly string[] = []): LogFile {
  const suffix = customFields.length > 0 ? '_x' : '';
  return openLog({
    folder,
    fileName: (date) => `u_ex${date.slice(2).replaceAll('-', '')}${suffix}.log`,
    software: 'Microsoft Internet Information Services 10.0',
    fields: [W3C_FIELDS, ...customFields].join(' '),
  });
}

export function openHttpErrLog(folder: string): LogFile {
  return openLog({
    folder,
    fileName: () => 'httperr1.log',
    software: 'Microsoft HTTP API 2.0',
    fields: HTTPERR_FIELDS,
  });
}

type LogKind = {
  readonly folder: string;
  /** From the UTC date, `2026-05-27`. */
  readonly fileName: (date: string) => string;
  readonly software: string;
  readonly fields: string;
};

function openLog(kind: LogKind): LogFile {
  let pending: { file: string; text: string }[] = [];
  let headerFor: string | undefined;
  let written: Promise<void> = mkdir(kind.folder, { recursive: true }).then(() => {});
  let failure: unknown;

  const flush = (): Promise<void> => {
    const batch = pending;
    pending = [];
    if (batch.length > 0) {
      written = written.then(async () => {
        for (const part of batch) await appendFile(join(kind.folder, part.file), part.text);
      });
    }
    written = written.catch((error: unknown) => {
      failure ??= error;
    });
    return written;
  };
  const timer = setInterval(flush, FLUSH_EVERY_MS);
  timer.unref();

  return {
    write(fields, atMs = Date.now()) {
      const [date = '', time = ''] = new Date(atMs).toISOString().slice(0, 19).split('T');
      const file = kind.fileName(date);
      let text = '';
      if (headerFor !== file) {
        headerFor = file;
        text = `#Software: ${kind.software}\r\n#Version: 1.0\r\n#Date: ${date} ${time}\r\n#Fields: ${kind.fields}\r\n`;
      }
      text += `${date} ${time} ${fields.map(logValue).join(' ')}\r\n`;
      const last = pending.at(-1);
      if (last?.file === file) last.text += text;
      else pending.push({ file, text });
    },
    repeatHeader() {
      headerFor = undefined;
    },
    flush,
    async close() {
      clearInterval(timer);
      await flush();
      if (failure !== undefined) throw failure;
    },
  };
}

function logValue(value: string | number | undefined): string {
  if (value === undefined || value === '') return '-';
  return String(value).replace(/[\s\x00-\x1f\x7f]/g, '+');
}
