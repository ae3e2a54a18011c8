import { byId, el, say } from './dom.ts'
import type { Entry, Lane, Renewal } from './lane.ts'
import { renewalView } from './renewal-view.ts'
import { count } from './words.ts'

/** Renewals on the page at once: what bounds its size, however many there are. */
const SHOWN_MAX = 20

/** Which renewals are shown. */
export interface Filter {
  /** Beginning of a fingerprint, or `''`. */
  readonly grant: string
  /** `''`, a state in which a run ended, or `running`. */
  readonly outcome: string
}

export interface Renewals {
  readonly filter: Filter
  show(renewals: readonly Renewal[], selected: Entry | undefined): void
}

/** The list of renewals, newest first, a page at a time. */
export function createRenewals(onSelect: (lane: Lane) => void, onChange: () => void): Renewals {
  const list = byId('renewals')
  const [newer, older] = [byId('newer', HTMLButtonElement), byId('older', HTMLButtonElement)]
  const grant = byId('grant', HTMLInputElement)
  const outcome = byId('outcome', HTMLSelectElement)
  const unfolded = new Set<string>()
  const drawn = new Map<Renewal, { readonly element: HTMLElement; readonly of: string }>()
  let shown: readonly Renewal[] = []
  let page = 0

  const turn = (to: number): void => {
    page = to
    onChange()
  }
  newer.addEventListener('click', () => turn(page - 1))
  older.addEventListener('click', () => turn(page + 1))
  grant.addEventListener('input', () => turn(0))
  outcome.addEventListener('change', () => turn(0))
  list.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button') : null
    const { unfold, key } = button?.dataset ?? {}
    if (unfold !== undefined) {
      unfolded.add(unfold)
      onChange()
    }
    const lane = shown.flatMap(({ lanes }) => lanes).find((each) => each.key === key)
    if (lane !== undefined) onSelect(lane)
  })

  /** Draws a renewal again only if something about it has changed. */
  function draw(renewal: Renewal, selected: Entry | undefined): HTMLElement {
    const isUnfolded = unfolded.has(renewal.key)
    const isConcerned = selected?.lane !== undefined && renewal.lanes.includes(selected.lane)
    const marked = isConcerned ? `${selected.line.process} ${selected.line.seq}` : ''
    const of = `${renewal.version} ${isUnfolded} ${marked}`
    const before = drawn.get(renewal)
    if (before?.of === of) return before.element
    const element = renewalView(renewal, isConcerned ? selected : undefined, isUnfolded)
    drawn.set(renewal, { element, of })
    return element
  }

  function place(elements: readonly HTMLElement[]): void {
    const focused = list.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset['key']
      : undefined
    const isSame =
      elements.length === list.children.length &&
      elements.every((element, index) => element === list.children[index])
    if (isSame) return
    list.replaceChildren(...elements)
    if (focused === undefined) return
    const again = list.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)
    again?.focus({ preventScroll: true })
  }

  return {
    get filter() {
      return { grant: grant.value.trim().toLowerCase(), outcome: outcome.value }
    },
    show(renewals, selected) {
      const all = renewals.filter((renewal) => matches(renewal, this.filter)).toReversed()
      const pages = Math.max(Math.ceil(all.length / SHOWN_MAX), 1)
      page = Math.min(Math.max(page, 0), pages - 1)
      shown = all.slice(page * SHOWN_MAX, (page + 1) * SHOWN_MAX)
      for (const renewal of drawn.keys()) if (!shown.includes(renewal)) drawn.delete(renewal)
      place(shown.length > 0 ? shown.map((each) => draw(each, selected)) : [nothing(renewals)])
      newer.disabled = page === 0
      older.disabled = page === pages - 1
      byId('pager').hidden = pages === 1
      say(byId('page'), `${page + 1} of ${pages}`)
      say(byId('found'), count(all.length, 'renewal'))
    },
  }
}

/** Whether a renewal is among those that are looked for. */
export function matches({ grant, token, lanes }: Renewal, filter: Filter): boolean {
  const names = [grant, token, ...lanes.map((lane) => lane.token)]
  const isNamed = names.some((name) => name?.toLowerCase().startsWith(filter.grant) === true)
  if (filter.grant !== '' && !isNamed) return false
  if (filter.outcome === '') return true
  const wanted = filter.outcome === 'running' ? undefined : filter.outcome
  return lanes.some(({ state }) => state === wanted)
}

function nothing(renewals: readonly Renewal[]): HTMLElement {
  const text =
    renewals.length > 0
      ? 'Nothing here is what you look for.'
      : 'Nothing yet. As soon as a token set is due, you see here who renews it.'
  return el('li', { class: 'nothing' }, text)
}
