/** Error pages as IIS and ARR write them: the short page for remote clients, the detailed one for local ones. */

/** Why the gateway itself answers, with the WinHTTP code that ARR would log. */
export type Failure = {
  readonly substatus: 3 | 4;
  readonly winHttp: number;
  readonly text: string;
};

export const FAILURES = {
  noName: { substatus: 3, winHttp: 12_007, text: 'The server name or address could not be resolved' },
  timeout: { substatus: 3, winHttp: 12_002, text: 'The operation timed out' },
  refused: { substatus: 3, winHttp: 12_029, text: 'A connection with the server could not be established' },
  dropped: { substatus: 3, winHttp: 12_030, text: 'The connection with the server was terminated abnormally' },
  invalid: { substatus: 3, winHttp: 12_152, text: 'The server returned an invalid or unrecognized response' },
  noServer: { substatus: 4, winHttp: 0, text: 'No appropriate server could be found to route the request.' },
} as const satisfies Record<string, Failure>;

export type ErrorPage = { readonly contentType: string; readonly body: Buffer };

/** Windows Server 2019, as the footer of detailed pages tells it. */
const OS_BUILD = 17_763;

function hresultOf(winHttp: number): string {
  return winHttp === 0 ? '0x00000000' : `0x${(0x80070000 + winHttp).toString(16)}`;
}

/** `%SystemDrive%\inetpub\custerr\en-US\502.htm`, 1477 bytes in every version since 7.0. It tells neither substatus nor code. */
export function shortPage(): ErrorPage {
  const title = '502 - Web server received an invalid response while acting as a gateway or proxy server.';
  const body = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"/>
<title>${title}</title>
<style type="text/css">
<!--
body{margin:0;font-size:.7em;font-family:Verdana, Arial, Helvetica, sans-serif;background:#EEEEEE;}
fieldset{padding:0 15px 10px 15px;}${' '}
h1{font-size:2.4em;margin:0;color:#FFF;}
h2{font-size:1.7em;margin:0;color:#CC0000;}${' '}
h3{font-size:1.2em;margin:10px 0 0 0;color:#000000;}${' '}
#header{width:96%;margin:0 0 0 0;padding:6px 2% 6px 2%;font-family:"trebuchet MS", Verdana, sans-serif;color:#FFF;
background-color:#555555;}
#content{margin:0 0 0 2%;position:relative;}
.content-container{background:#FFF;width:96%;margin-top:8px;padding:10px;position:relative;}
-->
</style>
</head>
<body>
<div id="header"><h1>Server Error</h1></div>
<div id="content">
 <div class="content-container"><fieldset>
  <h2>${title}</h2>
  <h3>There is a problem with the page you are looking for, and it cannot be displayed. When the Web server (while acting as a gateway or proxy) contacted the upstream content server, it received an invalid response from the content server.</h3>
 </fieldset></div>
</div>
</body>
</html>
`;
  return { contentType: 'text/html', body: Buffer.from(body.replaceAll('\n', '\r\n'), 'latin1') };
}

/** What IIS shows to local clients, or to all with `errorMode="Detailed"`. */
export function detailedPage({ substatus, winHttp, text }: Failure, url: string, host = '127.0.0.1'): ErrorPage {
  const code = hresultOf(winHttp);
  const status = `502.${substatus} - Bad Gateway`;
  const row = (name: string, value: string): string =>
    `<tr><th>${name}</th><td>&nbsp;&nbsp;&nbsp;${escapeHtml(value)}</td></tr>\n`;
  const table = [
    row('Module', 'ApplicationRequestRouting'),
    row('Notification', substatus === 4 ? 'MapRequestHandler' : 'ExecuteRequestHandler'),
    row('Handler', 'ApplicationRequestRoutingHandler'),
    row('Error Code', code),
    row('Requested URL', `http://${host}${url}`),
    row('Logon Method', 'Anonymous'),
    row('Logon User', 'Anonymous'),
  ];
  const body = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<title>IIS 10.0 Detailed Error - ${status}</title>
</head>
<body>
<div id="content">
<div class="content-container">
  <h3>HTTP Error ${status}</h3>
  <h4>${text}</h4>
</div>
<fieldset><h4>Detailed Error Information:</h4>
<table border="0" cellpadding="0" cellspacing="0">
${table.join('')}</table>
</fieldset>
<p><a href="https://go.microsoft.com/fwlink/?LinkID=62293&amp;IIS70Error=502,${substatus},${code},${OS_BUILD}">View more information &raquo;</a></p>
</div>
</body>
</html>
`;
  return { contentType: 'text/html; charset=utf-8', body: Buffer.from(body.replaceAll('\n', '\r\n'), 'utf8') };
}

function escapeHtml(text: string): string {
  return text.replace(/[<>&"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
