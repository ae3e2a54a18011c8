/**
 * Writes docs/images/twenty-requests.svg: 20 requests by hand, and with the library, as they ended
 * when this script ran them. It follows the reader's preference for dark or light.
 */
import { writeFile } from 'node:fs/promises'
import { facts as okta } from '../../providers/okta.ts'
import { playWorld, REQUESTS, type Dot } from '../../docs/site/play/world.ts'

/** How one side looked, from one change to the next. */
interface Recorded {
  readonly atMs: number
  readonly dots: readonly Dot[]
  readonly presentations: number
}

type Way = 'hand' | 'once'

const recorded: Record<Way, Recorded[]> = { hand: [], once: [] }
const beganAtMs = performance.now()

const world = playWorld(okta, {
  onLine() {},
  say() {},
  onChange() {
    const atMs = performance.now() - beganAtMs
    for (const way of ['hand', 'once'] as const) {
      const { dots, presentations } = world[way]
      recorded[way].push({ atMs, dots: [...dots], presentations })
    }
  },
})
await world.run('requests')

const STYLE = `
svg { --ink: #1c2430; --muted: #566273; --card: #fff; --rule: #dde2e9; --wait: #c6cfdb;
  --good: #14703f; --bad: #b5322a }
@media (prefers-color-scheme: dark) {
  svg { --ink: #e7ebf1; --muted: #9ba7b7; --card: #151b23; --rule: #2a333f; --wait: #3d4958;
    --good: #4cc38a; --bad: #ff7b72 }
}
text { font: 15px ui-sans-serif, system-ui, sans-serif; fill: var(--ink) }
.title { font-weight: 650; font-size: 17px }
.card { fill: var(--card); stroke: var(--rule) }
circle { fill: var(--wait); animation: 6s linear infinite both }
.end { opacity: 0; animation: end 6s linear infinite both }
.bad { fill: var(--bad); font-weight: 600 }
.good { fill: var(--good); font-weight: 600 }
@keyframes end { 0%, 58% { opacity: 0 } 62%, 97% { opacity: 1 } 100% { opacity: 0 } }
@media (prefers-reduced-motion: reduce) {
  circle { animation-play-state: paused; animation-delay: -5s }
  .end { animation: none; opacity: 1 }
}
`

const SAYS: Readonly<Record<Way, readonly [string, string]>> = {
  hand: ['Refreshing by hand', 'bad'],
  once: ['The same with refresh-once', 'good'],
}

/** When each request ended, as a part of the recorded time. */
function endsOf(way: Way): readonly { readonly dot: Dot; readonly part: number }[] {
  const all = recorded[way]
  const lastAtMs = all.at(-1)!.atMs
  return Array.from({ length: REQUESTS }, (_, index) => {
    const end = all.find(({ dots }) => dots[index] !== 'waiting' && dots[index] !== undefined)!
    return { dot: end.dots[index]!, part: end.atMs / lastAtMs }
  })
}

function card(way: Way, y: number): string {
  const [title, tone] = SAYS[way]
  const { presentations, isSignedOut, dots } = world[way]
  const served = dots.filter((dot) => dot === 'served').length
  const times = presentations === 1 ? 'once' : `${presentations} times`
  const sent = `The refresh token is sent ${times}`
  const end = isSignedOut ? 'the user is signed out' : `all ${served} requests are served`
  const circles = endsOf(way).map(({ dot, part }, index) => {
    // What took the whole recording takes half of the picture; some begin later, to be seen.
    const at = Math.round(10 + part * 40 + (index / REQUESTS) * 6)
    const name = `${dot === 'served' ? 'good' : 'bad'}-${way}-${at}`
    const style = `style="animation-name:${name}"`
    return {
      name,
      at,
      text: `<circle cx="${46 + index * 30}" cy="${y + 62}" r="10" ${style}/>`,
    }
  })
  const frames = new Map(circles.map(({ name, at }) => [name, at]))
  const rules = [...frames].map(([name, at]) => {
    const color = `var(--${name.split('-')[0]})`
    const wait = '{ fill: var(--wait) }'
    const ended = `${at + 1}%, 97% { fill: ${color} }`
    return `@keyframes ${name} { 0%, ${at}% ${wait} ${ended} 100% ${wait} }`
  })
  return [
    `<style>${rules.join('\n')}</style>`,
    `<rect class="card" x="10.5" y="${y + 0.5}" width="659" height="116" rx="12"/>`,
    `<text class="title" x="34" y="${y + 34}">${title}</text>`,
    ...circles.map(({ text }) => text),
    `<text class="end ${tone}" x="34" y="${y + 100}">${sent}: ${end}.</text>`,
  ].join('\n')
}

if (!world.hand.isSignedOut || world.once.presentations !== 1) {
  throw new Error('the recording does not show what the picture says')
}
const label =
  'Two rows of 20 requests. By hand, one is served and the user is signed out. ' +
  'With refresh-once, one presentation serves all.'
await writeFile(
  new URL('../../docs/images/twenty-requests.svg', import.meta.url),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 264" width="680" height="264" ` +
    `role="img" aria-label="${label}">\n<style>${STYLE}</style>\n` +
    `${card('hand', 8)}\n${card('once', 138)}\n</svg>\n`,
)
