import { readFile } from 'node:fs/promises'
import axe from 'axe-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../../servers/process.ts'
import { counted, listed, look, OVER_MS, startMember, startStage, until } from './stage.ts'
import type { Look, Stage } from './stage.ts'

const CALLERS = 20
let stage: Stage
let first: Look

beforeAll(async () => {
  stage = await startStage()
  first = await look(stage)
}, 60_000)
afterAll(() => stage?.[Symbol.asyncDispose]())

/** Remembers every state of the chart that was active, also for a moment. */
function remember({ page }: Look): Promise<void> {
  return page.evaluate(() => {
    const seen = new Set<string>()
    Object.assign(window, { seen })
    const chart = document.querySelector('#chart')!
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const { dataset, classList } = target as SVGElement
        if (classList.contains('active') && dataset['state']) seen.add(dataset['state'])
      }
    }).observe(chart, { subtree: true, attributeFilter: ['class'] })
  })
}

function remembered({ page }: Look): Promise<string[]> {
  return page.evaluate(() => [...(window as unknown as { seen: Set<string> }).seen])
}

describe('the page', () => {
  it('shows that a storm of 20 callers makes one presentation', async () => {
    const refresh = stage.refresher('storm')
    const tokens = await stage.signIn()
    await until(first, '#feed', 'Live')
    await remember(first)

    const calls = Array.from({ length: CALLERS }, () => refresh({ ...tokens }))
    const states = await Promise.all(calls)
    await until(first, '.lane .end', 'rotated')
    await first.page.waitForSelector('#chart [data-state="rotated"].active')

    expect(new Set(states)).toEqual(new Set(['rotated']))
    expect(await counted(first)).toEqual({
      refreshes: '20',
      presentations: '1',
      coalesced: '19',
      served: '0',
      replays: '0',
      lost: '0',
      revoked: '0',
      failures: '0 %',
    })
    expect(await first.page.locator('.sum').textContent()).toMatch(
      /^20 callers made 1 presentation in \d/,
    )
    expect(await first.page.locator('.lane .callers').textContent()).toBe('×20')
    expect(await first.page.locator('.lane .span.present').count()).toBe(1)
    expect(await first.page.locator('.lane .span.present.good').count()).toBe(1)
    expect(await first.page.locator('#chart .arrow.taken').count()).toBe(1)
    expect(await first.page.locator('#chart text.taken').textContent()).toContain('isRenewed')
    expect(await first.page.locator('#rows .active:not(.around)').allTextContents()).toEqual([
      'claimed',
      'live',
    ])
    expect(await remembered(first)).toEqual(
      expect.arrayContaining(['expiring.claiming', 'refreshing.presenting', 'rotated']),
    )
  })

  it('tells a late joiner what happened', async () => {
    const later = await look(stage)
    await until(later, '#count-refreshes', '20')

    expect(await counted(later)).toEqual(await counted(first))
    expect(await listed(later)).toBe(await listed(first))
    await later.page.close()
  })

  it('steps back and forward by keys, says what it shows, and goes on with Escape', async () => {
    const { page } = first
    const now = (): Promise<string | null> => page.locator('#now').textContent()
    const newest = await now()

    await page.keyboard.press('ArrowLeft')
    await until(first, '#paused', 'Paused')
    const before = await now()
    await until(first, '#spoken', before!)
    await page.keyboard.press('ArrowLeft')
    await page.waitForSelector(`#now:not(:text-is(${JSON.stringify(before)}))`)
    await page.keyboard.press('ArrowRight')
    await until(first, '#now', before!)
    await until(first, '#spoken', before!)
    const marked = await page.locator('#steps [aria-current]').textContent()
    await page.keyboard.press('Escape')
    await until(first, '#paused', '')
    await until(first, '#now', newest!)

    expect(before).not.toBe(newest)
    expect(marked).toContain(before!.slice(0, -1))
  })

  it('lists nineteen equal lines as one, with their count', async () => {
    const lines = first.page.locator('#steps .line.joined')

    expect(await lines.allTextContents()).toEqual([expect.stringMatching(/shares the run ×19$/)])
    expect(await lines.locator('.times').textContent()).toBe(' ×19')
  })

  it('shows the states and arrows of the step that is chosen', async () => {
    const { page } = first

    await page.locator('.lane').first().focus()
    await page.keyboard.press('Enter')
    await page.waitForSelector('.lane[aria-pressed="true"]')
    await page.locator('#steps button', { hasText: 'fresh.judging →' }).click()
    await page.waitForSelector('#chart [data-state="expiring.claiming"].active')

    expect(await page.locator('#chart .arrow.taken').getAttribute('data-of')).toBe('0')
    expect(await page.locator('#chart text.taken').getAttribute('data-transition')).toBe('0')
    expect(await page.locator('#chart .around.active').getAttribute('data-state')).toBe('expiring')
    await page.locator('#pause').click()
    await until(first, '#paused', '')
  })

  it('shows two processes of which one presents and the other follows', async () => {
    const folder = await temporaryDirectory('inspect')
    const { issuer, clients } = stage.authorization
    const setup = {
      url: stage.server.address.url,
      issuer,
      client: clients.public,
      folder,
      tokens: await stage.signIn(),
      callers: 10,
      aheadMs: OVER_MS,
    }
    const members = await Promise.all(
      ['web-1', 'web-2'].map((label) => startMember({ ...setup, label })),
    )
    const states = await Promise.all(members.map((member) => member.storm()))
    await until(first, '#count-refreshes', '40')
    const card = first.page.locator('.renewal').first()
    await first.page.waitForFunction(
      () => document.querySelectorAll('.renewal:first-child .end:not(.plain)').length === 2,
    )
    for (const member of members) member.end()

    expect(new Set(states.flat())).toEqual(new Set(['rotated']))
    expect(await card.locator('.sum').textContent()).toMatch(
      /^20 callers in 2 processes made 1 presentation in \d/,
    )
    expect(await card.locator('.callers').allTextContents()).toEqual(['×10', '×10'])
    expect(await card.locator('.span.present').count()).toBe(1)
    expect((await card.locator('.end').allTextContents()).toSorted()).toEqual(['rotated', 'served'])
    expect(await counted(first)).toMatchObject({ presentations: '2', coalesced: '37', served: '1' })
  })

  it('finds the renewals of a grant, and those that ended in one way', async () => {
    const { page } = first
    const name = await page.locator('.renewal h3').last().textContent()

    await page.locator('#grant').fill(name!.replace('grant ', ''))
    await until(first, '#found', '1 renewal')
    await page.locator('#grant').press('Enter')
    const found = await page.locator('.renewal h3').allTextContents()
    await page.locator('#grant').fill('')
    await page.locator('#outcome').selectOption('revoked')
    await until(first, '#found', '0 renewals')
    const none = await page.locator('#renewals').textContent()
    await page.locator('#outcome').selectOption('rotated')
    await until(first, '#found', '2 renewals')
    await page.locator('#outcome').selectOption('')

    expect(found).toEqual([name])
    expect(none).toBe('Nothing here is what you look for.')
    expect(first.faults).toEqual([])
  })

  it('goes on when its server was started again, and counts nothing twice', async () => {
    const refresh = stage.refresher('again')
    await refresh(await stage.signIn())
    await until(first, '#count-refreshes', '41')
    await stage.restart()
    await refresh(await stage.signIn())
    await until(first, '#count-presentations', '4')

    expect(await counted(first)).toMatchObject({ refreshes: '42' })
    expect(await first.page.locator('#gaps').textContent()).toBe('')
  })

  it('writes a recording without a secret, and opens it as it was', async () => {
    const { page } = first
    const before = { counts: await counted(first), list: await listed(first) }
    const downloading = page.waitForEvent('download')
    await page.locator('#export').click()
    const path = await (await downloading).path()
    const text = await readFile(path, 'utf8')
    const other = await look(stage, { reducedMotion: 'reduce' })

    await other.page.locator('#file').setInputFiles(path)
    await until(other, '#feed', 'Recording')
    await until(other, '#count-refreshes', '42')

    expect(await counted(other)).toEqual(before.counts)
    expect(await listed(other)).toBe(before.list)
    expect(text.split('\n').length).toBeGreaterThan(80)
    for (const secret of stage.secrets) expect(text).not.toContain(secret)
    await other.page.locator('#live').click()
    await until(other, '#feed', 'Live')
    await other.page.close()
  })

  it('says what is wrong with a file that is no recording, and stays where it is', async () => {
    const buffer = Buffer.from('{"v":1}\nnonsense\n')

    await first.page
      .locator('#file')
      .setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer })
    await until(
      first,
      '#said',
      'notes.txt cannot be opened: there is no line of a recording in it.',
    )

    expect(await first.page.locator('#feed').textContent()).toBe('Live')
    expect(await counted(first)).toMatchObject({ refreshes: '42' })
  })

  it.each(['light', 'dark'] as const)(
    'can be read in each active state, %s',
    async (colorScheme) => {
      const { page } = await look(stage, { colorScheme })

      const unread = await page.evaluate(() => {
        const colour = (element: Element): string => getComputedStyle(element).fill
        return [...document.querySelectorAll('#chart .state:not(.around)')].filter((state) => {
          state.classList.add('active')
          const name = state.querySelector('.name')!
          return [...state.querySelectorAll('rect')].some((rect) => colour(rect) === colour(name))
        }).length
      })

      expect(unread).toBe(0)
      await page.close()
    },
  )

  it.each([1280, 360])('can be read, and begins at its start, %d pixels wide', async (width) => {
    const { page } = await look(stage, {
      viewport: { width, height: 860 },
      reducedMotion: 'reduce',
    })
    await page.waitForSelector('.lane .end.good')

    const chart = await page.locator('#chart').evaluate((scroller) => {
      const svg = scroller.querySelector('svg')!
      return { scale: svg.clientWidth / svg.viewBox.baseVal.width, left: scroller.scrollLeft }
    })
    const [sum, panel] = await Promise.all(
      ['.sum', '#chart'].map((each) => page.locator(each).first().boundingBox()),
    )

    // Labels have 13.5 units.
    expect(13.5 * chart.scale).toBeGreaterThan(11)
    expect(sum!.y).toBeLessThan(panel!.y)
    expect(width === 1280 ? sum!.y < 860 : chart.left === 0).toBe(true)
    await page.close()
  })

  it('has a colour for each thing that a run does', async () => {
    const legend = await first.page
      .locator('.legend .span')
      .evaluateAll((all) => all.map((each) => getComputedStyle(each).backgroundColor))

    expect(new Set(legend).size).toBe(legend.length)
  })

  it('says what to paste while nothing has come', async () => {
    await using fresh = await startStage()
    const { page } = await look(fresh)

    const text = await page.locator('.nothing').textContent()

    expect(text).toContain(
      'inspect: process.env.REFRESH_ONCE_INSPECT ? pageInspector() : undefined',
    )
    expect(text).toContain(`REFRESH_ONCE_INSPECT=${fresh.server.address.url} npm run dev`)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1440, 360]) {
      it(`can be used by everybody, ${colorScheme} and ${width} pixels wide`, async () => {
        const options = { colorScheme, viewport: { width, height: 800 } }
        const seen = await look(stage, { ...options, reducedMotion: 'reduce' })
        await until(seen, '#feed', 'Live')
        await seen.page.locator('.lane').first().click()
        await seen.page.evaluate(axe.source)

        const { violations } = await seen.page.evaluate(() => {
          const { axe } = window as unknown as { axe: typeof import('axe-core') }
          return axe.run()
        })
        const isWide = await seen.page.evaluate(
          () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
        )
        const track = await seen.page.locator('.track').first().boundingBox()

        expect(
          violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
        ).toEqual([])
        expect(isWide).toBe(false)
        expect(track?.width).toBeGreaterThan(width / 3)
        expect(seen.faults).toEqual([])
        await seen.page.close()
      })
    }
  }

  it('asks for nothing but what its own server has, and breaks no rule of its policy', () => {
    const { origin } = new URL(stage.server.address.url)

    expect(first.requests.length).toBeGreaterThan(10)
    expect(
      first.requests.filter((url) => !url.startsWith(origin) && !url.startsWith(`blob:${origin}`)),
    ).toEqual([])
    expect(first.faults).toEqual([])
  })
})
