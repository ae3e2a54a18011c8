import { ledgerDrawing } from '../../../src/inspect/diagram/ledger.drawing.ts'
import { refreshDrawing } from '../../../src/inspect/diagram/refresh.drawing.ts'
import { byId, el, say } from '../../../src/inspect/page/dom.ts'
import type { ProviderFacts } from '../../../src/facts/provider-facts.ts'
import { createHistory, createPlayer } from '../../../src/inspect/page/history.ts'
import { createRenewals } from '../../../src/inspect/page/renewals.ts'
import { createChart } from '../../../src/inspect/page/selected.ts'
import type { TimelineEntry } from '../../../src/inspect/page/timeline.ts'
import { wordsOf } from '../../../src/inspect/page/words.ts'
import type { RecordedLine } from '../../../src/inspect/recording.ts'
import { playWorld, SERVERS, sumOf, type Action, type PlayWorld, type Side } from './world.ts'

/** The page before anything has happened, for the server and for browsers. */
export const PLAY_HTML = `
<div class="play-intro">
  <h1>Playground</h1>
  <p class="quiet">The real library and a described server run in this page. No network is used.</p>
</div>
<div class="panel play-controls">
  <label>Server <select id="play-server"></select></label>
  <p id="play-facts" class="quiet"></p>
  <div class="play-buttons" role="group" aria-label="What happens">
    <button type="button" data-action="requests">20 requests</button>
    <button type="button" data-action="lose">Lose the answer</button>
    <button type="button" data-action="crash">Crash</button>
    <button type="button" data-action="stale">Stale cookie</button>
    <button type="button" data-action="thief">Thief</button>
  </div>
</div>
<div class="play-sides">
  <section class="panel" aria-labelledby="play-hand-title">
    <h2 id="play-hand-title">By hand</h2>
    <div id="play-hand-dots" class="dots" aria-hidden="true"></div><p id="play-hand"></p>
  </section>
  <section class="panel" aria-labelledby="play-once-title">
    <h2 id="play-once-title">refresh-once</h2>
    <div id="play-once-dots" class="dots" aria-hidden="true"></div><p id="play-once"></p>
  </section>
</div>
<div class="columns">
  <section class="panel" aria-labelledby="renewals-title">
    <h2 id="renewals-title">What each process did</h2>
    <div hidden>
      <input id="grant"><select id="outcome"><option value="">any</option></select>
      <span id="found"></span>
    </div>
    <ol id="renewals"></ol>
    <div id="pager" class="pager" hidden>
      <button type="button" id="newer">‹ Newer</button><span id="page"></span>
      <button type="button" id="older">Older ›</button>
    </div>
  </section>
  <div class="aside">
    <section class="panel" aria-labelledby="story-title">
      <h2 id="story-title">The story</h2>
      <ol id="play-story" aria-live="polite"></ol>
    </section>
    <section class="panel" aria-labelledby="rows-title">
      <h2 id="rows-title">Rows of the ledger</h2>
      <div id="rows" class="scroller" tabindex="0" role="region" aria-label="Rows"></div>
    </section>
  </div>
</div>
<section class="panel" aria-labelledby="chart-title">
  <h2 id="chart-title">Statechart</h2>
  <p id="now" class="now">Nothing has happened yet.</p>
  <div id="chart" class="scroller whole" tabindex="0" role="region" aria-label="Chart"></div>
</section>`

const ROTATES: Readonly<Record<NonNullable<ProviderFacts['rotation']>, string>> = {
  always: 'Each refresh brings a new refresh token.',
  sometimes: 'A refresh may bring a new refresh token.',
  never: 'The refresh token stays the same.',
}

/** What the server does with a token that comes twice. */
function twice({ reuse }: ProviderFacts): string {
  switch (reuse) {
    case undefined:
      return 'What it does with a token that comes twice is not documented: here it refuses it.'
    case 'accepted':
      return 'It accepts a token that comes twice.'
    case 'until_successor_used':
      return 'It accepts a token again until the next one is used.'
    case 'refused':
      return 'It refuses a token that comes twice.'
    case 'revokes':
      return 'If a token comes twice, it ends the whole grant.'
    default:
      return `It accepts a token again for ${reuse.acceptedForMs / 1000} s.`
  }
}

/** Brings the page to life. */
export function startPlayground(root: HTMLElement): void {
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  const history = createHistory()
  const player = createPlayer(() => still.matches)
  const chart = createChart(byId('chart'), refreshDrawing, 'The statechart of a refresh')
  const rows = createChart(byId('rows'), ledgerDrawing, 'The rows of the ledger')
  const server = byId('play-server', HTMLSelectElement)
  const buttons = [...root.querySelectorAll<HTMLButtonElement>('[data-action]')]
  const renewals = createRenewals(({ entries }) => choose(entries.at(-1)), draw)
  let chosen: TimelineEntry | undefined
  let at = -1
  let isAsked = false
  let world: PlayWorld = newWorld()

  function newWorld(): PlayWorld {
    const facts = SERVERS.find(({ id }) => id === server.value) ?? SERVERS[0]!
    say(byId('play-facts'), `${ROTATES[facts.rotation ?? 'sometimes']} ${twice(facts)}`)
    return playWorld(facts, { onLine: take, onChange: draw, say: story })
  }

  function take(line: RecordedLine): void {
    history.add([line])
    draw()
  }

  function story(text: string, tone: string): void {
    byId('play-story').append(el('li', { class: tone }, text))
  }

  function choose(entry: TimelineEntry | undefined): void {
    chosen = entry
    draw()
  }

  function draw(): void {
    if (isAsked) return
    isAsked = true
    requestAnimationFrame((nowMs) => {
      isAsked = false
      frame(nowMs)
    })
  }

  function frame(nowMs: number): void {
    const { entries } = history.model
    at = player.next(entries, at, nowMs)
    const entry = chosen ?? entries[at]
    renewals.show(history.model.renewals, entry)
    showSide('hand', world.hand)
    showSide('once', world.once)
    const index = entry?.lane?.entries.indexOf(entry) ?? -1
    const before = entry?.lane?.entries.slice(0, index + 1) ?? []
    const edges = before.flatMap(({ line }) => (line.kind === 'step' ? [line.edge] : []))
    chart.show(
      { active: [entry?.at ?? 'fresh.judging'], taken: edges.slice(-1), trail: edges },
      true,
    )
    const { claim = 'claim.absent', grant = 'grant.absent', taken = [] } = entry?.rows ?? {}
    rows.show({ active: [claim, grant], taken, trail: [] }, true)
    say(byId('now'), entry === undefined ? 'Nothing has happened yet.' : `${wordsOf(entry.line)}.`)
    if (at < entries.length - 1) draw()
  }

  function showSide(name: 'hand' | 'once', side: Side): void {
    const look = side.dots.join(' ')
    const dots = byId(`play-${name}-dots`)
    if (dots.dataset['look'] !== look) {
      dots.dataset['look'] = look
      dots.replaceChildren(...side.dots.map((dot) => el('span', { class: `dot ${dot}` })))
    }
    say(byId(`play-${name}`), side.dots.length === 0 ? 'Press a button.' : sumOf(side))
  }

  async function act(action: Action): Promise<void> {
    for (const button of buttons) button.setAttribute('aria-disabled', 'true')
    root.dataset['state'] = 'running'
    byId('play-story').replaceChildren()
    chosen = undefined
    await world.run(action)
    for (const button of buttons) button.removeAttribute('aria-disabled')
    root.dataset['state'] = 'done'
    draw()
  }

  server.replaceChildren(...SERVERS.map(({ id, name }) => el('option', { value: id }, name)))
  server.addEventListener('change', () => {
    history.clear()
    at = -1
    chosen = undefined
    world = newWorld()
    draw()
  })
  for (const button of buttons) {
    button.addEventListener('click', () => {
      const isBusy = root.dataset['state'] === 'running'
      if (!isBusy) void act(button.dataset['action'] as Action)
    })
  }
  root.dataset['state'] = 'ready'
  draw()
}
