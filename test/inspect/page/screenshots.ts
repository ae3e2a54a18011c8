/** Makes the pictures of docs/inspecting.md: `npx tsx test/inspect/page/screenshots.ts`. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions } from 'playwright-core'
import { temporaryDirectory } from '../../servers/process.ts'
import { look, OVER_MS, startMember, startStage } from './stage.ts'
import type { Look, Stage } from './stage.ts'

const PROCESSES = ['web-1', 'web-2', 'web-3', 'web-4']
const CALLERS = 5

/** A sample of everything, and then a storm of all processes. */
async function play(stage: Stage): Promise<void> {
  const sample = readFileSync(new URL('../sample.jsonl', import.meta.url), 'utf8')
  stage.server.add(sample.trim().split('\n'))
  const setup = {
    url: stage.server.address.url,
    issuer: stage.authorization.issuer,
    client: stage.authorization.clients.public,
    folder: await temporaryDirectory('screenshots'),
    tokens: await stage.signIn(),
    callers: CALLERS,
    aheadMs: OVER_MS,
  }
  const members = await Promise.all(PROCESSES.map((label) => startMember({ ...setup, label })))
  await Promise.all(members.map((member) => member.storm()))
  const settled = await look(stage)
  await settled.page.waitForFunction(
    (wanted) =>
      document.querySelectorAll('.renewal:first-child .end:not(.plain)').length === wanted,
    PROCESSES.length,
  )
  await settled.page.close()
  for (const member of members) member.end()
}

interface Shot {
  readonly window: BrowserContextOptions
  /** Shows what the picture is about. */
  readonly choose: (look: Look) => Promise<void>
}

const SHOTS: Readonly<Record<string, Shot>> = {
  'inspecting-light': {
    window: { viewport: { width: 1280, height: 860 }, colorScheme: 'light' },
    choose: chooseStorm,
  },
  'inspecting-dark': {
    window: { viewport: { width: 1280, height: 860 }, colorScheme: 'dark' },
    choose: chooseLost,
  },
  'inspecting-phone': {
    window: { viewport: { width: 360, height: 1440 }, colorScheme: 'light' },
    choose: chooseStorm,
  },
}

/** The presentation of the storm, as soon as it was granted. */
async function chooseStorm({ page }: Look): Promise<void> {
  await page
    .locator('.lane', { has: page.locator('.span.present') })
    .first()
    .click()
}

/** The run that finds a presentation whose answer never came, alone with its chain. */
async function chooseLost({ page }: Look): Promise<void> {
  const lost = page.locator('.lane', { has: page.getByText('lost', { exact: true }) })
  const renewal = page.locator('.renewal', { has: lost })
  const name = (await renewal.locator('h3').textContent()) ?? ''
  await page.locator('#grant').fill(name.replace('grant ', ''))
  await lost.click()
}

await using stage = await startStage()
await play(stage)
for (const [name, { window, choose }] of Object.entries(SHOTS)) {
  const seen = await look(stage, { ...window, reducedMotion: 'reduce' })
  const { page } = seen
  await page.waitForSelector('#forward:disabled')
  await choose(seen)
  await page.waitForSelector('#paused:not(:empty)')
  await page.evaluate(() => (document.activeElement as HTMLElement).blur())
  const path = fileURLToPath(new URL(`../../../docs/images/${name}.png`, import.meta.url))
  await page.screenshot({ path })
  await page.close()
}
