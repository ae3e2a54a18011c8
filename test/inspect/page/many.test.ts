import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readRecording } from '../../../src/inspect/recording.ts'
import { counted, look, startStage, until } from './stage.ts'

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
