import { byId, el, say } from './dom.ts'
import type { Entry } from './lane.ts'
import { duration, short, wordsOf } from './words.ts'

/** Lines of one run that are listed, around the selected one. */
const LISTED_MAX = 80

/** The selected line in words, and those around it in its run. */
export interface Details {
  show(entry: Entry | undefined): void
}

export function createDetails(onSelect: (entry: Entry) => void): Details {
  const list = byId('steps')
  let current: Entry | undefined
  let length = 0
  let listed: readonly Entry[] = []
  list.addEventListener('click', ({ target }) => {
    const index = target instanceof Element ? target.closest('button')?.dataset['index'] : undefined
    const entry = listed[Number(index)]
    if (entry !== undefined) onSelect(entry)
  })

  function write(entry: Entry | undefined): void {
    const entries = entry?.lane?.entries ?? (entry === undefined ? [] : [entry])
    const at = entry === undefined ? 0 : entries.indexOf(entry)
    const first = Math.max(0, Math.min(at - LISTED_MAX / 2, entries.length - LISTED_MAX))
    listed = entries.slice(first, first + LISTED_MAX)
    const hadFocus = list.contains(document.activeElement)
    list.replaceChildren(...listed.map((each, index) => item(each, index, each === entry)))
    const chosen = list.querySelector<HTMLElement>('[aria-current]')
    if (chosen === null) return
    if (hadFocus) chosen.focus({ preventScroll: true })
    // Of the list only: the page must not jump while one reads.
    list.scrollTop = chosen.offsetTop - list.clientHeight / 2
  }

  return {
    show(entry) {
      const { length: now } = entry?.lane?.entries ?? []
      if (entry === current && now === length) return
      current = entry
      length = now
      say(byId('facts'), factsOf(entry))
      write(entry)
    },
  }
}

function item(entry: Entry, index: number, isSelected: boolean): HTMLElement {
  const { line, lane } = entry
  const sinceMs = line.atMs - (lane?.beganAtMs ?? line.atMs)
  return el(
    'li',
    {},
    el(
      'button',
      {
        type: 'button',
        class: `line ${line.kind}`,
        'data-index': String(index),
        ...(isSelected && { 'aria-current': 'step' }),
      },
      el('span', { class: 'since' }, `+${duration(Math.max(sinceMs, 0))}`),
      el('span', {}, wordsOf(line)),
    ),
  )
}

function factsOf(entry: Entry | undefined): string {
  if (entry === undefined) return 'Nothing is selected yet.'
  const { line, lane } = entry
  const { token, grant, generation } = 'token' in line ? line : { ...NOWHERE, token: lane?.token }
  return [
    `process ${line.process}`,
    'run' in line && line.run !== undefined ? `run ${line.run}` : '',
    `provider ${line.provider}`,
    token === undefined ? '' : `token ${short(token)}`,
    grant === undefined ? '' : `grant ${short(grant)}`,
    generation === undefined ? '' : `generation ${generation}`,
  ]
    .filter((text) => text !== '')
    .join(' · ')
}

const NOWHERE: { readonly grant?: string; readonly generation?: number } = {}
