import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readRecording } from '../../../src/inspect/recording.ts'
import { counted, look, startStage, until } from './stage.ts'
import type { Look } from './stage.ts'

const sample = readFileSync(new URL('../sample.jsonl', import.meta.url), 'utf8')

/** What `times` of the sample's processes would tell, of other users each. */
function many(times: number): string[] {
  const { lines } = readRecording(sample)
  return Array.from({ length: times }, (_, time) =>
    lines.map((line) => {
      const text = JSON.stringify({ ...line, process: `${line.process}-${time}` })
      return text.replaceAll(/"(token|grant)":"/g, `"$1":"${time}-`)
    }),
  ).flat()
}

/** The most that one animation frame, or one task, had to do. */
interface Most {
  drawings: number
  /** Elements that were put into the page. */
  placed: number
  taskMs: number
}

/** From here on, counts what each animation frame of the page does. */
function watchFrames({ page }: Look): Promise<void> {
  return page.evaluate(() => {
    const most: Most = { drawings: 0, placed: 0, taskMs: 0 }
    const ask = window.requestAnimationFrame.bind(window)
    let [drawings, placed] = [0, 0]
    window.requestAnimationFrame = (draw) => {
      drawings += 1
      return ask(draw)
    }
    const frame = (): void => {
      most.drawings = Math.max(most.drawings, drawings)
      most.placed = Math.max(most.placed, placed)
      drawings = placed = 0
      ask(frame)
    }
    ask(frame)
    new MutationObserver((changes) => {
      for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
        if (node instanceof Element) placed += 1 + node.querySelectorAll('*').length
      }
    }).observe(document, { childList: true, subtree: true })
    new PerformanceObserver((tasks) => {
      const took = tasks.getEntries().map(({ duration }) => duration)
      most.taskMs = Math.max(most.taskMs, ...took)
    }).observe({ type: 'longtask' })
    Object.assign(window, { most })
  })
}

it('shows 10,000 lines without growing, and goes on answering', async () => {
  await using stage = await startStage()
  const texts = many(60)
  stage.server.add(texts)

  const seen = await look(stage)
  await until(seen, '#count-refreshes', '1,800')
  await seen.page.waitForSelector('#forward:disabled')
  const elements = await seen.page.locator('*').count()
  await seen.page.locator('#older').click()
  await until(seen, '#page', '2 of 24')
  await seen.page.keyboard.press('ArrowLeft')
  await until(seen, '#paused', 'Paused')
  await seen.page.locator('#grant').fill('59-')
  await until(seen, '#found', '8 renewals')
  await seen.page.locator('#grant').fill('')
  await seen.page.locator('#pause').click()
  stage.server.add(many(61).slice(texts.length))
  await until(seen, '#count-refreshes', '1,830')

  expect(texts.length).toBeGreaterThan(10_000)
  expect(elements).toBeLessThan(2_000)
  expect(await seen.page.locator('*').count()).toBeLessThan(2_000)
  expect(await counted(seen)).toMatchObject({ presentations: '488', replays: '61' })
  expect(seen.faults).toEqual([])
}, 60_000)

it('draws once a frame, and little in each, while 10,000 lines come', async () => {
  await using stage = await startStage()
  const seen = await look(stage)
  await until(seen, '#feed', 'Live')
  await watchFrames(seen)

  stage.server.add(many(60))
  await until(seen, '#count-refreshes', '1,800')
  const most = await seen.page.evaluate(() => (window as unknown as { most: Most }).most)

  expect(most.drawings).toBe(1)
  expect(most.placed).toBeLessThan(1_000)
  // Far above what a slow machine takes: a drawing for each line takes more.
  expect(most.taskMs).toBeLessThan(5_000)
}, 60_000)
