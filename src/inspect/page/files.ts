import { readFile } from 'node:fs/promises'
import { PAGE_CSS } from './css.ts'

/** A file of the page, to be served as it is. */
export interface PageFile {
  /** Of the `Content-Type` header. */
  readonly type: string
  readonly body: string
}

/**
 * What the page may load and do: nothing but its own files and the lines of its own server.
 *
 * @see https://www.w3.org/TR/CSP3/
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The modules that a browser loads, as they were compiled. A test holds them against imports. */
export const PAGE_MODULES: readonly string[] = [
  'diagram/ledger.drawing.js',
  'diagram/refresh.drawing.js',
  'diagram/svg.js',
  'page/dom.js',
  'page/history.js',
  'page/main.js',
  'page/model.js',
  'page/renewals.js',
  'page/selected.js',
  'page/timeline.js',
  'page/words.js',
  'recording.js',
]

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" ' +
  'rx="8" fill="#2457c5"/><path d="M23 16a7 7 0 1 1-2.6-5.4M21 5v6h-6" fill="none" ' +
  'stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>'

/** The page before anything has happened. Its ids are what the modules beside it look for. */
const PAGE_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>refresh-once: inspector</title>
<link rel="icon" href="page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="page/page.css">
<script type="module" src="page/main.js"></script>
</head>
<body>
<header>
  <h1>refresh-once</h1>
  <p id="feed" class="feed" role="status" data-state="connecting">Connecting</p>
  <p id="paused" class="quiet" role="status"></p>
  <p id="source" class="quiet"></p>
  <p id="waiting" class="quiet"></p>
  <div class="tools" role="toolbar" aria-label="History and recordings">
    <button type="button" id="back" aria-keyshortcuts="ArrowLeft">‹ Back</button>
    <button type="button" id="pause" aria-keyshortcuts="Escape">Pause</button>
    <button type="button" id="forward" aria-keyshortcuts="ArrowRight">Forward ›</button>
    <button type="button" id="export">Export</button>
    <button type="button" id="open">Open …</button>
    <button type="button" id="live" hidden>Back to live</button>
    <input type="file" id="file" accept=".jsonl,.ndjson" aria-label="Recording" hidden>
  </div>
</header>
<main>
  <p id="spoken" class="unseen" role="status"></p>
  <p id="said" class="said" role="alert"></p>
  <section aria-labelledby="counts-title">
    <h2 id="counts-title" class="unseen">Counters</h2>
    <dl class="counts">
      <div><dt>refreshes</dt><dd id="count-refreshes">0</dd></div>
      <div class="key"><dt>presentations</dt><dd id="count-presentations">0</dd></div>
      <div><dt>coalesced callers</dt><dd id="count-coalesced">0</dd></div>
      <div><dt>successors served</dt><dd id="count-served">0</dd></div>
      <div><dt>replays</dt><dd id="count-replays">0</dd></div>
      <div><dt>answers lost</dt><dd id="count-lost">0</dd></div>
      <div><dt>revoked</dt><dd id="count-revoked">0</dd></div>
      <div><dt>refreshes failed</dt><dd id="count-failures">–</dd></div>
    </dl>
  </section>
  <div class="columns">
    <section class="panel" aria-labelledby="renewals-title">
      <h2 id="renewals-title">Renewals</h2>
      <div class="filter" role="search">
        <label>Grant <input id="grant" type="search" placeholder="fingerprint" size="12"
          autocomplete="off" spellcheck="false"></label>
        <label>Outcome <select id="outcome">
          <option value="">any</option>
          <option>rotated</option>
          <option>expiring</option>
          <option>error</option>
          <option>revoked</option>
          <option value="running">under way</option>
        </select></label>
        <span id="found" class="quiet"></span>
      </div>
      <p class="legend" aria-hidden="true">
        <span><span class="span claim"></span>claim</span>
        <span><span class="span follow"></span>follow</span>
        <span><span class="span settle"></span>settle</span>
        <span><span class="span reload"></span>reload</span>
        <span><span class="span present good"></span>present, granted</span>
        <span><span class="span present bad"></span>rejected</span>
        <span><span class="span present wait"></span>deferred</span>
        <span><span class="span present doubt"></span>unknown</span>
      </p>
      <ol id="renewals"></ol>
      <div id="pager" class="pager" hidden>
        <button type="button" id="newer">‹ Newer</button>
        <span id="page" class="quiet"></span>
        <button type="button" id="older">Older ›</button>
      </div>
      <p id="gaps" class="quiet"></p>
    </section>
    <div class="aside">
      <section class="panel" aria-labelledby="details-title">
        <h2 id="details-title">Step by step</h2>
        <p id="facts" class="quiet">Nothing is selected yet.</p>
        <ol id="steps" tabindex="0" aria-label="Lines of the selected run"></ol>
      </section>
      <section class="panel" aria-labelledby="rows-title">
        <h2 id="rows-title">Rows of the ledger</h2>
        <div id="rows" class="scroller" tabindex="0" role="region" aria-label="Rows"></div>
      </section>
    </div>
  </div>
  <section class="panel" aria-labelledby="chart-title">
    <h2><span id="chart-title">Statechart</span>
      <button type="button" id="whole" aria-pressed="false">Whole chart</button></h2>
    <p id="now" class="now">Nothing has happened yet.</p>
    <div id="chart" class="scroller" tabindex="0" role="region" aria-label="Statechart"></div>
  </section>
</main>
</body>
</html>
`

const TEXTS: ReadonlyMap<string, PageFile> = new Map([
  ['', { type: 'text/html; charset=utf-8', body: PAGE_HTML }],
  ['page/page.css', { type: 'text/css; charset=utf-8', body: PAGE_CSS }],
  ['page/icon.svg', { type: 'image/svg+xml', body: ICON }],
])

/**
 * A file of the page by its path below the page's address; `''` is the page itself. Absent: there
 * is no such file, whatever lies on the disk.
 *
 * @param folder Where the compiled `inspect` folder lies. Default: around this module.
 */
export async function pageFile(
  path: string,
  folder: URL = new URL('../', import.meta.url),
): Promise<PageFile | undefined> {
  const text = TEXTS.get(path)
  if (text !== undefined || !PAGE_MODULES.includes(path)) return text
  const body = await readFile(new URL(path, folder), 'utf8')
  return { type: 'text/javascript; charset=utf-8', body }
}
